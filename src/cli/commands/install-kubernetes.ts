import { type Command, Option } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import { PARTS, type Part } from '../../kubernetes/parts.ts';
import type { CommonFlags, Context, Respond } from '../context.ts';
import { textOfGiven } from '../given-file.ts';
import { label } from '../label.ts';
import { flagsOf, type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';
import { version } from '../version.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly part: Part;
  readonly namespace: string;
  readonly name: string;
  readonly image?: string;
  readonly values?: string;
  readonly out?: string;
}

const HELP = `
Give it to kubectl:          portfence install kubernetes --ports 49152-61000 --image registry.example/portfence:1 | kubectl apply -f -
The Helm chart is the same:  charts/portfence, with the policy as policy.*`;

/** `portfence install kubernetes`: prints manifests; it asks no cluster. */
export function addKubernetes(install: Command, context: Context, respond: Respond): void {
  withPolicyFlags(install.command('kubernetes'))
    .description('print manifests that fence every node of a cluster; asks nothing')
    .addOption(new Option('--part <part>', 'what to print').choices(PARTS).default(PARTS[0]))
    .addOption(new Option('--namespace <name>', 'the namespace that it lives in').argParser(label).default('portfence'))
    .addOption(new Option('--name <name>', 'the name of its objects').argParser(label).default('portfence'))
    .option('--image <image>', 'where nodes pull the image from: REPOSITORY:TAG or REPOSITORY@DIGEST')
    .option('--values <file>', 'a file of values, as for the Helm chart')
    .option('--out <file>', 'write them to a file instead')
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { system } = context;
      const [{ fleetPolicy }, { manifestsOf }, { readValues }, { manifestsText, yamlLines }] = await Promise.all([
        import('../../policy/fleet-policy.ts'),
        import('../../kubernetes/fleet.ts'),
        import('../../kubernetes/read-values.ts'),
        import('../../report/manifests.ts'),
      ]);
      const { part, namespace, name, out, backend } = options;
      const values =
        options.values === undefined
          ? undefined
          : { file: options.values, text: await textOfGiven(system, options.values) };
      const given = readValues({ values, image: options.image, backend });
      const file = options.policy;
      const policy = fleetPolicy({
        flags: flagsOf(options),
        ...(file === undefined ? given.policy : { file, text: await textOfGiven(system, file) }),
      });
      if (given.options.podMonitor.enabled && policy.metricsPort === undefined)
        throw new PortfenceError('USAGE', 'podMonitor needs an address at which the agents serve metrics', {
          hint: 'write listen: 0.0.0.0:9469 into the policy',
        });
      const manifests = manifestsOf({ values: given.options, ...policy, name, namespace, version }, part);
      if (out !== undefined) await system.writeOutput(out, `${yamlLines(manifests).join('\n')}\n`);
      respond({ exit: EXIT.fine, ...manifestsText(manifests, { part, out }) }, options.json ?? false);
    });
}

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../../errors.ts';
import { PARTS, type Part } from '../../swarm/parts.ts';
import type { CommonFlags, Context, Respond } from '../context.ts';
import { textOfGiven } from '../given-file.ts';
import { label } from '../label.ts';
import { flagsOf, type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';
import { version } from '../version.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly part: Part;
  readonly name: string;
  readonly image: string;
  readonly constraint?: readonly string[];
  readonly out?: string;
}

const HELP = `
Give it to a manager:   portfence install swarm --policy policy.yaml --image registry.example/portfence:1 | docker stack deploy -c - portfence
Another policy:         the same again; Swarm replaces the agents node by node, and goes back where one does not become healthy.
Take the fence away:    docker stack rm portfence
                        portfence install swarm --part cleanup --image registry.example/portfence:1 | docker stack deploy -c - portfence-cleanup`;

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

/** `portfence install swarm`: prints a stack file; it asks no engine. */
export function addSwarm(install: Command, context: Context, respond: Respond): void {
  withPolicyFlags(install.command('swarm'))
    .description('print a stack file that fences every node of a swarm; asks nothing')
    .addOption(new Option('--part <part>', 'what to print').choices(PARTS).default(PARTS[0]))
    .addOption(
      new Option('--name <name>', 'what the names of its configs begin with').argParser(label).default('portfence'),
    )
    .addOption(
      new Option('--image <image>', 'where nodes pull the image from: REPOSITORY:TAG or REPOSITORY@DIGEST')
        .argParser(image)
        .default(`portfence:${version}`),
    )
    .option('--constraint <expression>', 'only nodes like this, as in node.role == worker; may be repeated', collect)
    .option('--out <file>', 'write it to a file instead')
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { system } = context;
      const [{ agentArguments }, { stackOf }, { stackLines, stackText }] = await Promise.all([
        import('../agent-arguments.ts'),
        import('../../swarm/stack.ts'),
        import('../../report/stack.ts'),
      ]);
      const { part, name, image, constraint: constraints = [], out } = options;
      const file = options.policy === undefined ? undefined : resolve(options.policy);
      const policy = file === undefined ? undefined : { file, text: await textOfGiven(system, file) };
      if (part === 'agent') {
        const { fleetPolicy } = await import('../../policy/fleet-policy.ts');
        fleetPolicy({ flags: flagsOf(options), ...policy }); // Throws for one that no node would take.
      }
      const stack = stackOf({ name, image, constraints, args: agentArguments(options), policy }, part);
      if (out !== undefined) await system.writeOutput(out, `${stackLines(stack).join('\n')}\n`);
      respond({ exit: EXIT.fine, ...stackText(stack, { part, out }) }, options.json ?? false);
    });
}

function image(text: string): string {
  if (!/^[^\s@]+(?:@sha256:[0-9a-f]{64})?$/.test(text))
    throw new InvalidArgumentError('write REPOSITORY:TAG or REPOSITORY@sha256:...');
  return text;
}

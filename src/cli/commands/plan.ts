import { script } from '../../backends/nftables/script.ts';
import { EXIT } from '../../errors.ts';
import { addressTable } from '../../plan/address-table.ts';
import { readState, stateFolder } from '../../reconcile/state.ts';
import { type Survey, survey } from '../../reconcile/survey.ts';
import { addressLines } from '../../report/address-table.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly diff?: boolean;
  readonly full?: boolean;
  readonly addresses?: boolean;
}

/** `portfence plan`: prints what `apply` would send; exit 1 where something would change. */
export const planCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('plan'))
    .description('print exactly what apply would send to the kernel; exit 1 when something would change, 0 when not')
    .option('--diff', 'print instead how the kernel differs from the plan')
    .option('--full', 'print the whole ruleset, also when the kernel has it already')
    .option(
      '--addresses',
      'print instead which source address each origin leaves with, before and after, and by which rule',
    )
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { system, say } = context;
      const state = await readState(system, await stateFolder(system));
      const policy = await policySource(context, options, { applied: false });
      const found = await survey(system, { policy, state, dockerHost: options.dockerHost, backend: options.backend });
      for (const note of found.notes) say(`note: ${note}`);
      const changes = found.script.length > 0;
      if (!changes && !options.full && !options.diff && !options.addresses)
        say('the kernel is as planned: apply would send nothing (--full prints the ruleset)');
      const addresses = options.addresses ? addressTable(found.plan, found.facts) : undefined;
      const lines = addresses ? addressLines(addresses) : linesOf(found, options);
      respond(
        {
          exit: changes ? EXIT.no : EXIT.fine,
          json: {
            changes,
            script: script(found.script),
            ruleset: script(found.creation),
            settings: found.settings.map(({ key, from, to }) => ({ key, from, to })),
            drift: found.drift,
            backend: found.backend.id,
            backendReason: found.backendReason,
            notes: found.notes,
            plan: found.plan,
            ...(addresses ? { addresses } : {}),
          },
          text: lines,
        },
        options.json ?? false,
      );
    });
};

function linesOf({ drift, creation, script }: Survey, { diff, full }: Options): readonly string[] {
  return diff ? drift : full ? creation : script;
}

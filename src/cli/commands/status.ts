import { readReport } from '../../agent/report.ts';
import { EXIT, PortfenceError } from '../../errors.ts';
import { bootNotes } from '../../install/boots.ts';
import { observeRootless } from '../../observe/rootless.ts';
import { statusText, statusWithoutPolicy } from '../../report/status.ts';
import { presentFences } from '../../survey/fences.ts';
import { standing } from '../../survey/standing.ts';
import { readState, stateFolder } from '../../survey/state.ts';
import { survey } from '../../survey/survey.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

export const statusCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('status'))
    .description('how the fence stands in the kernel; exit 1 when it is not enforced as planned')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: CommonFlags & PolicyOptions) => {
      const { system } = context;
      const state = await readState(system, await stateFolder(system));
      const policy = await policySource(context, options, { applied: true }).catch((error: unknown) => {
        if (error instanceof PortfenceError && error.code === 'USAGE') return undefined;
        throw error;
      });
      if (!policy) {
        const [fence] = await presentFences(system);
        const bare = statusWithoutPolicy({ fence: fence?.backend.id, draining: state.draining !== undefined });
        respond({ exit: EXIT.no, ...bare }, options.json ?? false);
        return;
      }
      const found = await survey(system, { policy, state, dockerHost: options.dockerHost, backend: options.backend });
      const stands = await standing(system, found, state);
      const containers = { agent: await readReport(system), rootless: await observeRootless(system) };
      const notes = [...found.notes, ...(await bootNotes(system, found.policy))];
      respond(
        { exit: stands.enforced ? EXIT.fine : EXIT.no, ...statusText({ ...found, notes }, stands, containers) },
        options.json ?? false,
      );
    });
};

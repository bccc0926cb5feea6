import { presentFences } from '../../backends/fences.ts';
import { EXIT, PortfenceError } from '../../errors.ts';
import { bootNotes } from '../../install/boots.ts';
import { observeEngineDefaults } from '../../observe/default-sysctls.ts';
import { observeRootless } from '../../observe/rootless.ts';
import type { AgentStatus } from '../../reconcile/agent-status.ts';
import { readAgentStatus } from '../../reconcile/agent-status-file.ts';
import { fenceStatus } from '../../reconcile/fence-status.ts';
import { readState, stateFolder } from '../../reconcile/state.ts';
import { survey } from '../../reconcile/survey.ts';
import { statusText, statusWithoutPolicy } from '../../report/status.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly agent?: boolean;
}

/** Whether the agent does its work; where it is asked for, one has to. */
function isKept(agent: AgentStatus | undefined, isAskedFor: boolean): boolean {
  if (agent === undefined || agent.state === 'starting') return !isAskedFor;
  return agent.state !== 'failing';
}

/** `portfence status`: reads the kernel back; exit 1 where it is not as planned. */
export const statusCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('status'))
    .description(
      'how the fence is in the kernel; exit 1 when it is not enforced as planned, or the agent fails to keep it',
    )
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--agent', 'exit 1 as well where no agent keeps it, or where it has not read the kernel back yet')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { system } = context;
      const state = await readState(system, await stateFolder(system));
      const agent = await readAgentStatus(system);
      const policy = await policySource(context, options, { applied: true }).catch((error: unknown) => {
        if (error instanceof PortfenceError && error.code === 'USAGE') return undefined;
        throw error;
      });
      if (!policy) {
        const [fence] = await presentFences(system);
        const draining = state.draining !== undefined;
        const bare = statusWithoutPolicy({ fence: fence?.backend.id, draining, agent, now: system.now() });
        respond({ exit: EXIT.no, ...bare }, options.json ?? false);
        return;
      }
      const { dockerHost, backend } = options;
      const [found, rootless, defaults] = await Promise.all([
        survey(system, { policy, state, dockerHost, backend }),
        observeRootless(system),
        observeEngineDefaults(system),
      ]);
      const fence = await fenceStatus(system, found, state);
      const containers = { agent, rootless, defaults, now: system.now() };
      const notes = [...found.notes, ...(await bootNotes(system, found.policy))];
      respond(
        {
          exit: fence.enforced && isKept(agent, options.agent ?? false) ? EXIT.fine : EXIT.no,
          ...statusText({ ...found, notes }, fence, containers),
        },
        options.json ?? false,
      );
    });
};

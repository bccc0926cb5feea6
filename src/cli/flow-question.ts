import type { FlowQuestion } from '../flows/flow-report.ts';
import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import { readState, stateFolder } from '../reconcile/state.ts';
import { savedFacts } from '../reconcile/survey.ts';
import type { CommonFlags, Context } from './context.ts';
import { engineSockets } from './engine-sockets.ts';
import { type PolicyOptions, policySource } from './policy-flags.ts';

/** What a command that looks at flows needs to know of the host. Throws what the policy and the observation throw. */
export async function flowQuestion(
  context: Context,
  options: CommonFlags & PolicyOptions,
  most: number,
): Promise<FlowQuestion> {
  const { system } = context;
  const policy = await policySource(context, options, { applied: true });
  const state = await readState(system, await stateFolder(system));
  const { facts } = await observeHost(system, { dockerHost: options.dockerHost, saved: savedFacts(state) });
  const plan = compile(policy(facts.links.map((link) => link.name)), facts);
  return { plan, facts, most, sockets: engineSockets(system, options.dockerHost) };
}

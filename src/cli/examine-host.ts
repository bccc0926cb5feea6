import { examine, type NamedFinding } from '../doctor/examine.ts';
import { observeSymptoms } from '../doctor/symptoms.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import { readAgentStatus } from '../reconcile/agent-status-file.ts';
import { type FenceStatus, fenceStatus } from '../reconcile/fence-status.ts';
import { readState, stateFolder } from '../reconcile/state.ts';
import { type PolicySource, type Survey, survey } from '../reconcile/survey.ts';
import type { CommonFlags, Context } from './context.ts';
import { type PolicyOptions, policySource } from './policy-flags.ts';

/** A host as it is now, and what the doctor finds on it. */
export interface ExaminedHost {
  readonly policy: PolicySource;
  readonly survey: Survey;
  readonly fence: FenceStatus;
  readonly agent: AgentStatus | undefined;
  readonly findings: readonly NamedFinding[];
}

/** Looks at the host under the policy of the flags, else the one that is in force. Throws what the policy and the look throw. */
export async function examineHost(context: Context, options: CommonFlags & PolicyOptions): Promise<ExaminedHost> {
  const { system } = context;
  const { dockerHost, backend } = options;
  const policy = await policySource(context, options, { applied: true });
  const state = await readState(system, await stateFolder(system));
  const found = await survey(system, { policy, state, dockerHost, backend });
  const [fence, agent, symptoms] = await Promise.all([
    fenceStatus(system, found, state),
    readAgentStatus(system),
    observeSymptoms(system, found.plan),
  ]);
  return { policy, survey: found, fence, agent, findings: examine({ survey: found, fence, agent, symptoms }) };
}

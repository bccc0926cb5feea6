import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { FenceStatus } from '../reconcile/fence-status.ts';
import type { Survey } from '../reconcile/survey.ts';
import type { HostSymptoms } from './symptoms.ts';

/** `serious`: connections leave out of range, or soon will; `warning`: they may; `note`: worth knowing. */
export const SEVERITIES = ['serious', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing on this host that defeats or surprises the fence. */
export interface DoctorFinding {
  readonly severity: Severity;
  /** One sentence. */
  readonly summary: string;
  /** What was seen, a line each; scrubbed. */
  readonly evidence: readonly string[];
  /** What to do about it, one sentence. */
  readonly remedy: string;
}

/** Everything that a check may look at; `fence` and `agent` are undefined where there is none. */
export interface DoctorFacts {
  readonly survey: Survey;
  readonly fence: FenceStatus;
  readonly agent: AgentStatus | undefined;
  readonly symptoms: HostSymptoms;
}

/** A named check. It reports all that it finds. */
export interface DoctorCheck {
  readonly name: string;
  readonly find: (facts: DoctorFacts) => readonly DoctorFinding[];
}

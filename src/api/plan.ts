/** From a policy and what a host is like to a plan, and a walk of a virtual packet through it. Nothing is read or changed. */
import { parsePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/policy.ts';
import type { PolicyProblem } from '../policy/problem.ts';

export { ANY_HOST } from '../install/any-host.ts';
export { compile } from '../plan/compile.ts';
export type { HostFacts } from '../plan/facts.ts';
export type { Packet } from '../plan/packet.ts';
export type { Plan, Step } from '../plan/plan.ts';
export { type Fate, type Walk, walk } from '../plan/walk.ts';
export type { Policy } from '../policy/policy.ts';
export { type PolicyProblem, PolicyRejected } from '../policy/problem.ts';

/** Reads a policy from YAML, defaults filled in. Throws PolicyRejected, with every problem at once, where anything is wrong. */
export function readPolicy(yaml: string): { readonly policy: Policy; readonly warnings: readonly PolicyProblem[] } {
  return parsePolicy({ text: yaml });
}

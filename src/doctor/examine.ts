import { type DoctorFacts, type DoctorFinding, SEVERITIES } from './check.ts';
import { CHECKS } from './checks/all.ts';

/** A finding and the check that made it. */
export type NamedFinding = DoctorFinding & { readonly check: string };

/** What all checks find, the serious first. Pure. */
export function examine(facts: DoctorFacts): readonly NamedFinding[] {
  const found = CHECKS.flatMap(({ name, find }) => find(facts).map((finding) => ({ check: name, ...finding })));
  return SEVERITIES.flatMap((severity) => found.filter((one) => one.severity === severity));
}

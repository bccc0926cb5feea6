import { SEVERITIES, type Severity } from '../doctor/check.ts';
import { CHECKS } from '../doctor/checks/all.ts';
import type { NamedFinding } from '../doctor/examine.ts';

const COLOURS: Readonly<Record<Severity, string>> = { serious: '\x1b[31m', warning: '\x1b[33m', note: '\x1b[36m' };

/** What the doctor found, for scripts and for people. */
export function doctorText(
  findings: readonly NamedFinding[],
  { colour }: { readonly colour: boolean },
): { json: unknown; text: readonly string[] } {
  const count = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, count(severity)]));
  const word = (severity: Severity) => (colour ? `${COLOURS[severity]}${severity}\x1b[0m` : severity);
  return {
    json: { ok: count('serious') === 0, checks: CHECKS.map(({ name }) => name), counts, findings },
    text: [
      ...findings.flatMap(({ severity, check, summary, evidence, remedy }) => [
        `${word(severity)}: ${summary} (${check})`,
        ...evidence.map((line) => `    ${line}`),
        `  remedy: ${remedy}`,
        '',
      ]),
      `${CHECKS.length} checks: ${count('serious')} serious, ${count('warning')} warnings, ${count('note')} notes`,
    ],
  };
}

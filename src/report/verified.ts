import type { Check, Verified } from '../verify/model.ts';
import { tableLines } from './table.ts';

/** What a verification found, for scripts and for people. */
export function verifiedText(verified: Verified): { json: unknown; text: readonly string[] } {
  return { json: verified, text: [...headline(verified), '', ...rows(verified.checks), ...details(verified)] };
}

function headline({ ok, checks }: Verified): readonly string[] {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  if (ok)
    return [
      `VERIFIED: every connection left with an allowed source port and the address of its NAT rules (${checks.length} checks)`,
    ];
  if (checks.length === 0) return ['NOT VERIFIED: nothing could be checked'];
  const [failed, undecided] = [count('fail'), count('inconclusive')];
  return [
    failed > 0
      ? `LEAKING: ${failed} of ${checks.length} checks failed${undecided > 0 ? `, ${undecided} could not be decided` : ''}`
      : `NOT VERIFIED: ${undecided} of ${checks.length} checks could not be decided`,
  ];
}

function rows(checks: readonly Check[]): readonly string[] {
  if (checks.length === 0) return [];
  return tableLines([
    ['', 'check', 'sent', 'in range', 'out of range', 'left with'],
    ...checks.map((check) => [
      check.outcome,
      check.name,
      check.attempts,
      check.inRange,
      check.outOfRange,
      check.address?.seen ?? '',
    ]),
  ]);
}

function details({ checks, notes }: Verified): readonly string[] {
  const lines = checks.filter(({ outcome }) => outcome !== 'pass').flatMap(detailLines);
  return [
    ...(lines.length > 0 ? ['', ...lines] : []),
    ...(notes.length > 0 ? ['', 'notes:', ...notes.map((note) => `  ${note}`)] : []),
  ];
}

function detailLines({ name, protocol, reason, remedy, example }: Check): readonly string[] {
  return [
    `${name}: ${reason ?? 'no reason is known'}`,
    ...(example
      ? [
          `  ${protocol} from ${example.address} port ${example.from} to ${example.to} left with ${example.leftAddress ? `address ${example.leftAddress} ` : ''}port ${example.left}`,
        ]
      : []),
    ...(remedy ? [`  -> ${remedy}`] : []),
  ];
}

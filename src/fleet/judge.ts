import type { HostReport, HostStatus } from './host-report.ts';
import { SILENT_S } from './read-status.ts';

/** What is the matter with a host, the worst first. */
export const VERDICTS = [
  'leaks',
  'failing',
  'not-enforced',
  'silent',
  'no-answer',
  'nearly-full',
  'filling',
  'differs',
  'fine',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** `leaks` and those below say that the fence does not do its work; `no-answer` that it is not known. */
const BROKEN: readonly Verdict[] = ['leaks', 'failing', 'not-enforced', 'silent'];
const NEARLY_FULL = 0.8;
const FILLING = 0.5;

export interface JudgedHost {
  readonly report: HostReport;
  /** The worst that is the matter. */
  readonly verdict: Verdict;
}

/** A whole fleet: what most hosts have, and each host, the one with the greatest trouble first. */
export interface JudgedFleet {
  readonly hosts: readonly JudgedHost[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** The policy and the version that most hosts have; undefined where none tells. */
  readonly usual: { readonly policy: string | undefined; readonly version: string | undefined };
  /** `broken`: a host leaks, or its fence is not in force; `unknown`: none is, and some gave no answer. */
  readonly outcome: 'fine' | 'broken' | 'unknown';
}

/** Judges each host by what it says, and by what most others have. */
export function judgeFleet(reports: readonly HostReport[]): JudgedFleet {
  const statuses = reports.flatMap((one) => ('status' in one ? [one.status] : []));
  const usual = {
    policy: mostCommon(statuses.map(({ policy }) => policy)),
    version: mostCommon(statuses.map(({ version }) => version)),
  };
  const hosts = reports.map((report) => ({ report, verdict: verdictOf(report, usual) })).sort(byTrouble);
  const counts = Object.fromEntries(
    VERDICTS.map((verdict) => [verdict, hosts.filter((one) => one.verdict === verdict).length]),
  ) as Record<Verdict, number>;
  const isBroken = BROKEN.some((verdict) => counts[verdict] > 0);
  return { hosts, counts, usual, outcome: isBroken ? 'broken' : counts['no-answer'] > 0 ? 'unknown' : 'fine' };
}

function verdictOf(report: HostReport, usual: JudgedFleet['usual']): Verdict {
  if (!('status' in report)) return 'no-answer';
  const { leaks, state, looked = 0, enforced, fill, policy, version } = report.status;
  if (leaks && leaks.lastHour > 0) return 'leaks';
  if (state === 'failing') return 'failing';
  if (looked >= SILENT_S) return 'silent';
  if (!enforced) return 'not-enforced';
  if (fill && fill.ratio >= NEARLY_FULL) return 'nearly-full';
  if (fill && fill.ratio >= FILLING) return 'filling';
  return policy !== usual.policy || version !== usual.version ? 'differs' : 'fine';
}

/** By verdict, then by how bad it is, then by name. */
function byTrouble(a: JudgedHost, b: JudgedHost): number {
  const rank = ({ verdict }: JudgedHost): number => VERDICTS.indexOf(verdict);
  const [one, other] = [statusOf(a), statusOf(b)];
  return (
    rank(a) - rank(b) ||
    (other?.leaks?.lastHour ?? 0) - (one?.leaks?.lastHour ?? 0) ||
    (a.verdict === 'fine' ? 0 : (other?.fill?.ratio ?? 0) - (one?.fill?.ratio ?? 0)) ||
    a.report.name.localeCompare(b.report.name, 'en', { numeric: true })
  );
}

const statusOf = ({ report }: JudgedHost): HostStatus | undefined => ('status' in report ? report.status : undefined);

function mostCommon(words: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>();
  for (const word of words) if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))[0]?.[0];
}

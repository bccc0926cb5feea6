import type { Fit } from '../acl/fit.ts';
import type { Unjudged } from '../acl/model.ts';
import { type PortSet, portsText, rangeText } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { unjudgedJson, unjudgedLines } from './acl-because.ts';
import { percent, percentText } from './acl-check.ts';
import { section, wayJson, wayText } from './acl-ranges.ts';
import { tableLines } from './table.ts';

/** One host of a fleet under an ACL; texts of hosts are scrubbed. */
export type AclFleetRow = { readonly name: string; readonly address: string } & (
  | { readonly judged: JudgedUnderAcl }
  | { readonly problem: string }
);

/** What the ACL does to a host; `failed` where it is not known which ACL is the host's. */
export interface JudgedUnderAcl {
  readonly subnet: string | undefined;
  readonly acl: string | undefined;
  /** The allowed ports, or the host's own range where it has no fence. */
  readonly ports: PortSet;
  readonly fit: Fit | undefined;
  /** Ports that pass, in their place; none where no port is safe. */
  readonly offered: PortSet;
  readonly unjudged: readonly Unjudged[];
  readonly failed: string | undefined;
}

/** The greatest trouble first. */
const VERDICTS = ['breaks', 'unsure', 'no-answer', 'fits'] as const;
type Verdict = (typeof VERDICTS)[number];

const MARKS: Readonly<Record<Verdict, string>> = {
  breaks: 'BREAKS',
  unsure: 'UNSURE',
  'no-answer': 'NO ANSWER',
  fits: 'fits',
};

function verdictOf(row: AclFleetRow): Verdict {
  if (!('judged' in row)) return 'no-answer';
  const { fit, failed, unjudged } = row.judged;
  if (fit?.ways.some(({ hangingShare }) => hangingShare > 0)) return 'breaks';
  return failed !== undefined || unjudged.length > 0 || !fit?.fits ? 'unsure' : 'fits';
}

/** `breaks`: a host does not surely fit; `unknown`: all that answer fit, and some do not answer. */
export function outcomeOf(rows: readonly AclFleetRow[]): 'fits' | 'breaks' | 'unknown' {
  const verdicts = rows.map(verdictOf);
  if (verdicts.some((one) => one === 'breaks' || one === 'unsure')) return 'breaks';
  return verdicts.includes('no-answer') ? 'unknown' : 'fits';
}

/** Which hosts an ACL breaks, for scripts and for people. */
export function aclFleetText(found: { readonly rows: readonly AclFleetRow[]; readonly notes: readonly string[] }): {
  json: unknown;
  text: readonly string[];
} {
  const rows = found.rows.map((row) => ({ row, verdict: verdictOf(row) })).sort(byTrouble);
  const counts = Object.fromEntries(
    VERDICTS.map((verdict) => [verdict, rows.filter((one) => one.verdict === verdict).length]),
  ) as Record<Verdict, number>;
  const all = rows.flatMap(({ row }) => ('judged' in row ? row.judged.unjudged : []));
  const unjudged = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  return {
    json: {
      fits: counts.fits === rows.length,
      counts,
      hosts: rows.map(({ row, verdict }) => rowJson(row, verdict)),
      unjudged: unjudgedJson(unjudged),
      notes: found.notes,
    },
    text: [
      headline(counts, rows.length),
      '',
      ...tableLines([
        ['', 'host', 'subnet', 'ACL', 'hang', 'ports in use', 'ports that pass', ''],
        ...rows.map(({ row, verdict }) => rowCells(row, verdict)),
      ]),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
      ...(counts.breaks > 0
        ? ['', '`portfence acl check` with --subnet and --ports tells why; `portfence acl fix` prints the change']
        : []),
    ],
  };
}

interface Sorted {
  readonly row: AclFleetRow;
  readonly verdict: Verdict;
}

function byTrouble(a: Sorted, b: Sorted): number {
  const share = ({ row }: Sorted): number => ('judged' in row ? (row.judged.fit?.worst?.hangingShare ?? 0) : 0);
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    share(b) - share(a) ||
    a.row.name.localeCompare(b.row.name, 'en', { numeric: true })
  );
}

const WORDS: Readonly<Record<Verdict, readonly [one: string, several: string]>> = {
  breaks: ['loses answers', 'lose answers'],
  unsure: ['can not be judged for sure', 'can not be judged for sure'],
  'no-answer': ['gives no answer', 'give no answer'],
  fits: ['fits', 'fit'],
};

function headline(counts: Record<Verdict, number>, all: number): string {
  const parts = VERDICTS.filter((one) => counts[one] > 0).map((one, i) => {
    const of = i === 0 ? ` of ${all} ${all === 1 ? 'host' : 'hosts'}` : '';
    return `${counts[one]}${of} ${WORDS[one][counts[one] === 1 ? 0 : 1]}`;
  });
  return parts.join(', ');
}

const MOST_RANGES = 3;
const UNKNOWN = '-';

function rangesText(ports: PortSet): string {
  const more = ports.length - MOST_RANGES;
  if (ports.length === 0) return 'none';
  return `${portsText(ports.slice(0, MOST_RANGES), ', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function rowCells(row: AclFleetRow, verdict: Verdict): readonly string[] {
  const begin = [MARKS[verdict], row.name];
  if (!('judged' in row)) return [...begin, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, row.problem];
  const { subnet, acl, ports, fit, offered, failed } = row.judged;
  const { worst } = fit ?? {};
  const hangs = verdict === 'breaks' && worst;
  return [
    ...begin,
    scrub(subnet ?? UNKNOWN),
    scrub(acl ?? UNKNOWN),
    worst ? percentText(worst.hangingShare) : UNKNOWN,
    rangesText(ports),
    hangs ? rangesText(offered) : '',
    failed === undefined ? (hangs ? wayText(worst.way) : '') : scrub(failed),
  ];
}

function rowJson(row: AclFleetRow, verdict: Verdict): Readonly<Record<string, unknown>> {
  const { name, address } = row;
  const nothing = { subnet: null, acl: null, hangingPercent: null, unsurePercent: null, worst: null, ports: [] };
  if (!('judged' in row)) return { name, address, verdict, ...nothing, recommended: null, problem: row.problem };
  const { subnet, acl, ports, fit, offered, failed } = row.judged;
  return {
    ...{ name, address, verdict, subnet: subnet ?? null, acl: acl ?? null },
    hangingPercent: fit ? percent(fit.worst?.hangingShare ?? 0) : null,
    unsurePercent: fit ? percent(fit.worst?.unsureShare ?? 0) : null,
    worst: fit?.worst ? wayJson(fit.worst.way) : null,
    ports: ports.map(rangeText),
    recommended: offered.length > 0 ? portsText(offered) : null,
    problem: failed ?? null,
  };
}

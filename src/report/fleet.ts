import type { HostReport } from '../fleet/host-report.ts';
import { type JudgedFleet, type JudgedHost, VERDICTS, type Verdict } from '../fleet/judge.ts';
import { percentText } from './acl-check.ts';
import { ageText } from './agent-status.ts';
import { tableLines } from './table.ts';

/** Every host of a fleet in one table, for scripts and for people. */
export function fleetText({ hosts, counts, usual, outcome }: JudgedFleet): { json: unknown; text: readonly string[] } {
  return {
    json: {
      ok: outcome === 'fine',
      counts,
      usual: { policy: usual.policy ?? null, version: usual.version ?? null },
      hosts: hosts.map(hostJson),
    },
    text: [
      headline(counts, hosts.length),
      '',
      ...tableLines([['', 'host', 'enforced', 'leaks', 'fill', 'drift', 'version', 'policy'], ...hosts.map(hostRow)]),
      ...detailLines(hosts),
      ...remedyLines(counts),
    ],
  };
}

function hostJson({ report, verdict }: JudgedHost): Readonly<Record<string, unknown>> {
  const { name, address } = report;
  if (!('status' in report)) {
    const nothing = { state: null, enforced: null, leaks: null, fill: null, drift: null };
    return { name, address, verdict, ...nothing, version: null, policy: null, ports: [], problem: report.silence };
  }
  const { state, enforced, leaks, fill, drift, version, policy, ports, error } = report.status;
  return {
    ...{ name, address, verdict, state, enforced, leaks: leaks ?? null },
    fill: fill ? { ratio: fill.ratio, destination: fill.destination ?? null } : null,
    drift: { differences: drift.differences, words: drift.words },
    ...{ version: version ?? null, policy: policy ?? null, ports, problem: error ?? null },
  };
}

const WORDS: Readonly<Record<Verdict, readonly [one: string, several: string]>> = {
  leaks: ['leaks', 'leak'],
  failing: ['has an agent that fails', 'have an agent that fails'],
  'not-enforced': ['is not enforced', 'are not enforced'],
  silent: ['has an agent that has stopped looking', 'have an agent that has stopped looking'],
  'no-answer': ['gives no answer', 'give no answer'],
  'nearly-full': ['is nearly full', 'are nearly full'],
  filling: ['is filling', 'are filling'],
  differs: ['has another policy or version than most', 'have another policy or version than most'],
  fine: ['is fine', 'are fine'],
};

/** `2 of 500 hosts leak, 1 gives no answer, 497 are fine`. */
function headline(counts: JudgedFleet['counts'], all: number): string {
  const parts = VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) => ({
    count: counts[verdict],
    words: WORDS[verdict][counts[verdict] === 1 ? 0 : 1],
  }));
  const [first, ...more] = parts;
  const begin = `${first?.count} of ${all} ${all === 1 ? 'host' : 'hosts'} ${first?.words}`;
  return [begin, ...more.map(({ count, words }) => `${count} ${words}`)].join(', ');
}

const MARKS: Readonly<Record<Verdict, string>> = {
  leaks: 'LEAKS',
  failing: 'FAILING',
  'not-enforced': 'NOT ENFORCED',
  silent: 'SILENT',
  'no-answer': 'NO ANSWER',
  'nearly-full': 'nearly full',
  filling: 'filling',
  differs: 'differs',
  fine: 'fine',
};
const UNKNOWN = '-';

function hostRow({ report, verdict }: JudgedHost): readonly (string | number)[] {
  const begin = [MARKS[verdict], report.name];
  if (!('status' in report)) return [...begin, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN];
  const { enforced, state, leaks, fill, drift, version, policy } = report.status;
  return [
    ...begin,
    enforced ? 'yes' : state,
    leaks?.lastHour ?? UNKNOWN,
    fill ? percentText(fill.ratio) : UNKNOWN,
    drift.differences,
    version ?? UNKNOWN,
    policy ?? UNKNOWN,
  ];
}

const MOST_DETAILS = 20;
const MOST_DRIFT = 3;

/** What the table has no room for, of the hosts with the greatest trouble. */
function detailLines(hosts: readonly JudgedHost[]): readonly string[] {
  const details = hosts.flatMap(({ report }) => sentences(report).map((words) => `${report.name}: ${words}`));
  if (details.length === 0) return [];
  const more = details.length - MOST_DETAILS;
  return ['', ...details.slice(0, MOST_DETAILS), ...(more > 0 ? [`and ${more} more (--json has all)`] : [])];
}

function sentences(report: HostReport): readonly string[] {
  if (!('status' in report)) return [report.silence];
  const { leaks, looked, drift, fill, error } = report.status;
  const more = drift.words.length - MOST_DRIFT;
  return [
    ...(leaks && leaks.lastHour > 0 ? [`${leaks.lastHour} packets leaked in the last hour, ${leaks.ever} ever`] : []),
    ...(error === undefined ? [] : [error]),
    ...(looked !== undefined && looked >= 90 ? [`the agent last looked ${ageText(looked * 1000)} ago`] : []),
    ...drift.words.slice(0, MOST_DRIFT),
    ...(more > 0 ? [`and ${more} more differences`] : []),
    ...(fill && fill.ratio >= 0.5
      ? [`${percentText(fill.ratio)} of the ports are in use towards ${fill.destination ?? 'a destination'}`]
      : []),
  ];
}

const REMEDIES: Partial<Record<Verdict, string>> = {
  leaks: 'on a host that leaks: portfence flows --out-of-range, portfence doctor',
  failing: 'where the agent fails: portfence status; journalctl -u portfence-agent',
  'not-enforced': 'where the fence is not enforced: portfence status; portfence plan --diff',
  silent: 'where the agent has stopped looking: systemctl status portfence-agent',
  'no-answer': 'where nothing answers: systemctl status portfence-agent; `listen` in the policy says where it answers',
  'nearly-full': 'where ports run out: portfence why HOST:PORT',
};

function remedyLines(counts: JudgedFleet['counts']): readonly string[] {
  const lines = VERDICTS.flatMap((verdict) => (counts[verdict] > 0 ? (REMEDIES[verdict] ?? []) : []));
  return lines.length === 0 ? [] : ['', ...lines];
}

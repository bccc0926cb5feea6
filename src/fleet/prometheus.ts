import { PortfenceError } from '../errors.ts';
import { fields, list } from '../observe/untrusted.ts';
import { scrub } from '../scrub.ts';
import type { Sockets } from '../system/system.ts';
import { heard } from './ask-host.ts';
import type { HostReport, HostStatus } from './host-report.ts';
import { SILENT_S } from './read-status.ts';

/** Instant queries over what agents export. `job` and `instance` name the host in every answer. */
const QUERIES = {
  /** Every target of a job that has scraped an agent in the last hour, also those that do not answer now. */
  up: 'up and on (job) group by (job) (last_over_time(portfence_build_info[1h]))',
  build: 'portfence_build_info',
  policy: 'portfence_policy_info',
  state: 'portfence_agent_state == 1',
  looked: 'time() - portfence_last_look_timestamp_seconds',
  drift: 'portfence_drift_differences',
  leaked: 'portfence_leaked_packets_total',
  leakedBefore: 'last_over_time(portfence_leaked_packets_total[10m] offset 1h)',
  fill: 'portfence_fullest_ratio',
  full: 'portfence_destination_used_ratio >= 0.5',
} as const;
type Question = keyof typeof QUERIES;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
/** The samples of each question by host. */
type Answers = Readonly<Record<Question, ReadonlyMap<string, readonly Sample[]>>>;

const LARGEST = 64 * 1024 * 1024;

/** Asks Prometheus for every agent that it scrapes. Throws SYSTEM where it does not answer, or knows no agent. */
export async function askPrometheus(
  system: Pick<Sockets, 'http'>,
  url: string,
  timeoutMs: number,
): Promise<readonly HostReport[]> {
  const base = url.replace(/\/+$/, '');
  const entries = await Promise.all(
    Object.entries(QUERIES).map(async ([name, query]) => [name, byHost(await ask(system, base, { query, timeoutMs }))]),
  );
  const answers = Object.fromEntries(entries) as Answers;
  const hosts = new Set([...answers.up.keys(), ...answers.build.keys()]);
  if (hosts.size === 0)
    throw new PortfenceError('SYSTEM', `Prometheus at ${shown(base)} knows no agent of portfence`, {
      hint: 'it scrapes what the policy\'s `listen` serves: docs/seeing.md, "Prometheus and Grafana"',
    });
  const shared = twice([...hosts].map((key) => namesOf(key)[0]));
  return [...hosts].map((key) => reportOf(key, answers, shared));
}

async function ask(
  system: Pick<Sockets, 'http'>,
  base: string,
  { query, timeoutMs }: { readonly query: string; readonly timeoutMs: number },
): Promise<readonly Sample[]> {
  const url = `${base}/api/v1/query?query=${encodeURIComponent(query)}`;
  const answer = heard(await system.http({ method: 'GET', url, timeoutMs, largest: LARGEST }), timeoutMs);
  if ('silence' in answer)
    throw new PortfenceError('SYSTEM', `Prometheus at ${shown(base)} does not answer: ${answer.silence}`, {
      hint: 'the address is the one of its page, like http://127.0.0.1:9090; --timeout gives it more time',
    });
  const { status, data } = fields(answer.document);
  if (status !== 'success')
    throw new PortfenceError('SYSTEM', `what answers at ${shown(base)} is no Prometheus`, {
      hint: 'the address is the one of its page, like http://127.0.0.1:9090',
    });
  return list(fields(data)['result']).flatMap((one): Sample[] => {
    const { metric, value } = fields(one);
    const number = Number(list(value)[1]);
    const labels = Object.entries(fields(metric)).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    );
    return Number.isFinite(number) ? [{ labels: Object.fromEntries(labels), value: number }] : [];
  });
}

/** The address without a password, so that none is printed. */
const shown = (base: string): string => scrub(base.replace(/\/\/[^/]*@/, '//'));

const keyOf = ({ job = '', instance = '' }: Sample['labels']): string => JSON.stringify([instance, job]);
const namesOf = (key: string): readonly [instance: string, job: string] => JSON.parse(key);

/** Those that are there more than once. */
function twice(words: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(words.filter((word) => seen.size === seen.add(word).size));
}

function byHost(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = keyOf(sample.labels);
    const known = found.get(key);
    if (known) known.push(sample);
    else found.set(key, [sample]);
  }
  return found;
}

function reportOf(key: string, answers: Answers, shared: ReadonlySet<string>): HostReport {
  const [instance, job] = namesOf(key);
  const name = shared.has(instance) ? `${instance} (${job})` : instance;
  const shownAs = { name: scrub(name), address: scrub(instance) };
  if (answers.up.get(key)?.[0]?.value === 0 || !answers.build.has(key))
    return { ...shownAs, silence: 'Prometheus gets no answer from it' };
  return { ...shownAs, status: statusOf(key, answers) };
}

function statusOf(key: string, answers: Answers): HostStatus {
  const first = (question: Question): Sample | undefined => answers[question].get(key)?.[0];
  const label = (question: Question, name: string): string | undefined => {
    const found = first(question)?.labels[name];
    return found === undefined || found === '' ? undefined : scrub(found);
  };
  const state = label('state', 'state') ?? 'unknown';
  const looked = first('looked')?.value;
  const fill = first('fill')?.value;
  return {
    state,
    enforced: state === 'inSync' && (looked === undefined || looked < SILENT_S),
    looked,
    drift: { differences: first('drift')?.value ?? 0, words: [] },
    leaks: leaksOf(first('leaked')?.value, first('leakedBefore')?.value),
    fill: fill === undefined ? undefined : { ratio: fill, destination: fullestOf(answers.full.get(key) ?? []) },
    version: label('build', 'version'),
    policy: label('policy', 'digest'),
    ports: label('policy', 'ports')?.split(',') ?? [],
    error: undefined,
  };
}

/** A counter that went back was made anew; one that was not there an hour ago counts from its beginning. */
function leaksOf(ever: number | undefined, before = 0): HostStatus['leaks'] {
  if (ever === undefined) return undefined;
  return { lastHour: ever < before ? ever : ever - before, ever };
}

function fullestOf(samples: readonly Sample[]): string | undefined {
  const labels = samples.toSorted((a, b) => b.value - a.value)[0]?.labels;
  if (!labels) return undefined;
  return scrub([labels['protocol'], labels['destination'], 'port', labels['port']].join(' '));
}

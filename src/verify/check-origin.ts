import { observeBaseChains } from '../observe/base-chains.ts';
import { observeSysctls } from '../observe/sysctls.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type Batch, batchesOf, type Run } from './batches.ts';
import { judge, type Verdict } from './judge.ts';
import { forget, leakedBetween, leakedCounts, trackedPorts } from './kernel-records.ts';
import type { Check, Origin } from './model.ts';
import { makeProbeTable, type Recorded, readComplete } from './probe-table.ts';
import { type Sent, send } from './sending.ts';
import type { Target } from './target.ts';
import { type Cleanup, withCleanup } from './temporary.ts';

export interface Checked {
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

const NO_CONNTRACK =
  'conntrack can not be asked (is the package conntrack installed?): nothing is compared with it, and what it keeps of these connections ends by itself within two minutes';

/** Sends every kind of connection from one origin, and judges each by what was seen leaving. Leaves nothing behind. */
export function checkOrigin(system: System, origin: Origin, targets: readonly Target[], run: Run): Promise<Checked> {
  return withCleanup(async (cleanup) => {
    const reachable = targets.filter(({ family }) => origin.addresses[family] !== undefined);
    const batches = await batchesOf(system, origin, reachable, run);
    const confined = batches.filter(({ sending }) => sending.from.length > 0);
    const reached = [...new Set(confined.map(({ target }) => target))];
    const countsBefore = await leakedCounts(system);
    const watched = await sendAndWatch(system, { origin, batches: confined, signal: run.signal }, cleanup);
    const countsAfter = await leakedCounts(system);
    const tracked = new Map(
      await Promise.all(reached.map(async (target) => [target, await trackedPorts(system, origin, target)] as const)),
    );
    const judged = batches.map(async (batch): Promise<Checked> => {
      const { target, protocol, exemption, expected } = batch;
      const { sent, recorded } = watched.get(batch) ?? { sent: [], recorded: NOTHING };
      const verdict = judge({
        sent: sent.filter(({ from, error }) => error !== undefined || exemption(from) === undefined),
        recorded,
        tracked: tracked.get(target)?.(protocol) ?? new Map(),
        leaked: leakedBetween(countsBefore, countsAfter, origin, batch),
        drops: run.policy.guard === 'drop',
        ranges: run.plan.ranges,
        address: origin.addresses[target.family] ?? '',
        destination: target.address,
        expected,
        own: addressesOf(run, batch.leaves),
      });
      return asCheck(origin, batch, verdict, await whyUndecided(system, origin, batch, verdict));
    });
    const all = await Promise.all(judged);
    return {
      checks: all.flatMap(({ checks }) => checks),
      notes: [
        ...([...tracked.values()].includes(undefined) ? [NO_CONNTRACK] : []),
        ...all.flatMap(({ notes }) => notes),
      ],
    };
  });
}

const addressesOf = ({ facts }: Run, link: string): readonly string[] =>
  facts.links
    .filter(({ name }) => name === link)
    .flatMap(({ addresses }) => addresses.map((address) => address.replace(/\/\d+$/, '')));

const NOTHING: Recorded = { before: [], after: [] };

export interface Watched {
  readonly sent: readonly Sent[];
  readonly recorded: Recorded;
}

interface Wave {
  readonly origin: Origin;
  readonly batches: readonly Batch[];
  readonly signal: AbortSignal | undefined;
}

/** Sends the batches and gives for each what was opened and what was seen of it; the kernel forgets the connections at the end. */
export async function sendAndWatch(
  system: System,
  { origin, batches, signal }: Wave,
  cleanup: Cleanup,
): Promise<ReadonlyMap<Batch, Watched>> {
  const table = await makeProbeTable(system, origin, [...new Set(batches.map(({ target }) => target))]);
  cleanup(() => table.remove());
  let sent: readonly (readonly Sent[])[] = [];
  cleanup(async () => {
    for (const [i, batch] of batches.entries()) await forget(system, origin, batch, sent[i] ?? everyPort(batch));
  });
  sent = await send(
    origin,
    batches.map(({ sending }) => sending),
    signal,
  );
  signal?.throwIfAborted();
  const recorded = await readComplete(system, table, batches, sent);
  return new Map(
    batches.map((batch, i) => [
      batch,
      { sent: sent[i] ?? [], recorded: recorded(batch.target.family, batch.protocol) },
    ]),
  );
}

/** A sender that was cut short has said nothing: every port that it was given may have been used. */
function everyPort({ sending }: Batch): readonly Sent[] {
  return sending.from.flatMap((from) => sending.to.map((to) => ({ from, to })));
}

interface Blocked {
  readonly reason: string;
  readonly remedy: string;
}

async function whyUndecided(
  system: System,
  origin: Origin,
  { sending, target, exemption }: Batch,
  { outcome, unseen, attempts }: Verdict,
): Promise<Partial<Blocked>> {
  if (outcome !== 'inconclusive') return {};
  if (sending.from.length === 0) {
    const why = exemption(40_000) ?? 'every port is exempt';
    return {
      reason: `the policy confines nothing towards ${target.address}: ${why}`,
      remedy: 'name a peer that it is meant for: --to HOST:PORT',
    };
  }
  return unseen > 0 && unseen === attempts ? whyBlocked(system, origin, target.family) : {};
}

/** Why nothing that an origin sent came to leave, as far as it can be known. */
async function whyBlocked(system: System, origin: Origin, family: Family): Promise<Blocked> {
  const [{ ipForward }, { baseChains }] = await Promise.all([observeSysctls(system), observeBaseChains(system)]);
  const key = family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  if (origin.network !== undefined && !ipForward[family]) {
    return { reason: `${key} is 0, so nothing is forwarded`, remedy: `sysctl -w ${key}=1` };
  }
  const hook = origin.network === undefined ? 'output' : 'forward';
  const families = ['inet', family === 'ipv4' ? 'ip' : 'ip6'];
  const refusing = baseChains.find(
    (chain) => chain.hook === hook && chain.policy === 'drop' && families.includes(chain.family),
  );
  const chain = refusing
    ? `the chain ${refusing.family} ${refusing.table} ${refusing.name} has policy drop`
    : `a rule of the ${hook} hook or a route may refuse it`;
  const what = origin.network === undefined ? 'sending' : `forwarding from ${origin.network}`;
  return {
    reason: `${what} is refused before it can leave: ${chain}`,
    remedy:
      origin.network === undefined
        ? 'let it out there, or name a peer that is let out: --to HOST:PORT'
        : `accept what arrives on ${origin.network} there, or name a peer that is let through: --to HOST:PORT`,
  };
}

function asCheck(origin: Origin, { target, protocol }: Batch, verdict: Verdict, why: Partial<Blocked>): Checked {
  const { notes, unseen: _, answered, ...result } = verdict;
  const name = `${origin.label} ${protocol} ${target.family}`;
  const check: Check = {
    name,
    origin: origin.kind,
    ...(origin.network === undefined ? {} : { network: origin.network }),
    ...(origin.via === undefined ? {} : { via: origin.via }),
    family: target.family,
    protocol,
    ...result,
    ...(target.documentation ? {} : { answered }),
    ...why,
  };
  return { checks: [check], notes: notes.map((note) => `${name}: ${note}`) };
}

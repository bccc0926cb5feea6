import type { System } from '../system/system.ts';
import { type Blocked, whyBlocked } from './blocked.ts';
import { leakedBetween, leakedCounts } from './guard-counts.ts';
import { judge, type Verdict } from './judge.ts';
import { type Kind, kindsOf, type Setting } from './kinds.ts';
import type { Origin } from './origin.ts';
import { makeProbeTable } from './probe-table.ts';
import type { Check } from './result.ts';
import { type Sent, send } from './sending.ts';
import { settled } from './settled.ts';
import type { Target } from './target.ts';
import { forget, trackedPorts } from './tracked.ts';
import { withUndo } from './undo.ts';

export interface Checked {
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

const NO_CONNTRACK =
  'conntrack can not be asked (is the package conntrack installed?): nothing is compared with it, and what it keeps of these connections ends by itself within two minutes';

/** Sends every kind of connection from one origin, and judges each by what was seen leaving. Leaves nothing behind. */
export function checkOrigin(
  system: System,
  origin: Origin,
  targets: readonly Target[],
  setting: Setting,
): Promise<Checked> {
  return withUndo(async (undo) => {
    const kinds = await kindsOf(
      system,
      origin,
      targets.filter(({ family }) => origin.addresses[family] !== undefined),
      setting,
    );
    const confined = kinds.filter(({ volley }) => volley.from.length > 0);
    const reached = [...new Set(confined.map(({ target }) => target))];
    const table = await makeProbeTable(system, origin, reached);
    undo(() => table.remove());
    let sent: readonly (readonly Sent[])[] = [];
    undo(async () => {
      for (const [i, kind] of confined.entries()) await forget(system, origin, kind, sent[i] ?? everyPort(kind));
    });
    const countsBefore = await leakedCounts(system);
    sent = await send(
      origin,
      confined.map(({ volley }) => volley),
      setting.signal,
    );
    setting.signal?.throwIfAborted();
    const recorded = await settled(system, table, confined, sent);
    const countsAfter = await leakedCounts(system);
    const tracked = new Map(
      await Promise.all(reached.map(async (target) => [target, await trackedPorts(system, origin, target)] as const)),
    );
    const weigh = async (kind: Kind): Promise<Checked> => {
      const { target, protocol, leftAlone } = kind;
      const opened = sent[confined.indexOf(kind)] ?? [];
      const verdict = judge({
        sent: opened.filter(({ from, error }) => error !== undefined || leftAlone(from) === undefined),
        recorded: recorded(target.family, protocol),
        tracked: tracked.get(target)?.(protocol) ?? new Map(),
        leaked: leakedBetween(countsBefore, countsAfter, origin, kind),
        drops: setting.policy.guard === 'drop',
        ranges: setting.plan.ranges,
        address: origin.addresses[target.family] ?? '',
        destination: target.address,
      });
      return asCheck(origin, kind, verdict, await whyUndecided(system, origin, kind, verdict));
    };
    const all = await Promise.all(kinds.map(weigh));
    return {
      checks: all.flatMap(({ checks }) => checks),
      notes: [
        ...([...tracked.values()].includes(undefined) ? [NO_CONNTRACK] : []),
        ...all.flatMap(({ notes }) => notes),
      ],
    };
  });
}

/** A sender that was cut short has told nothing: every port that it was given may have been used. */
function everyPort({ volley }: Kind): readonly Sent[] {
  return volley.from.flatMap((from) => volley.to.map((to) => ({ from, to })));
}

async function whyUndecided(
  system: System,
  origin: Origin,
  { volley, target, leftAlone }: Kind,
  { outcome, unseen, attempts }: Verdict,
): Promise<Partial<Blocked>> {
  if (outcome !== 'inconclusive') return {};
  if (volley.from.length === 0) {
    const why = leftAlone(40_000) ?? 'every port is exempt';
    return {
      reason: `the policy confines nothing towards ${target.address}: ${why}`,
      remedy: 'name a peer that it is meant for: --to HOST:PORT',
    };
  }
  return unseen > 0 && unseen === attempts ? whyBlocked(system, origin, target.family) : {};
}

function asCheck(origin: Origin, { target, protocol }: Kind, verdict: Verdict, why: Partial<Blocked>): Checked {
  const { notes, unseen: _, ...result } = verdict;
  const name = `${origin.label} ${protocol} ${target.family}`;
  const check: Check = {
    name,
    origin: origin.kind,
    ...(origin.network === undefined ? {} : { network: origin.network }),
    ...(origin.via === undefined ? {} : { via: origin.via }),
    family: target.family,
    protocol,
    ...result,
    ...why,
  };
  return { checks: [check], notes: notes.map((note) => `${name}: ${note}`) };
}

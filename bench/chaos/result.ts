import type { AclCounters } from '../../src/lab/acl-router.ts';
import type { LoadTally } from '../../src/lab/load.ts';
import type { Stray } from '../../src/lab/stray-log.ts';
import { type Summary, summarize } from '../statistics.ts';
import type { Versions } from '../versions.ts';
import { DISTURBANCES } from './disturbances.ts';
import { type Excuse, type JudgedCut, type JudgedStray, judgeCut, judgeStrays } from './judge.ts';
import { failedIn, type Recording, tried } from './record.ts';
import type { ChaosSetup } from './setup.ts';
import type { Harm } from './tools.ts';

/** One kind of connection and how so many of it ended. */
export interface LoadRow {
  readonly origin: string;
  readonly chosen: string;
  readonly protocol: string;
  readonly family: string;
  readonly tried: number;
  readonly answered: number;
  readonly silent: number;
  readonly failed: number;
}

/** One kind of disturbance in a run. */
export interface DisturbanceRow {
  readonly name: string;
  readonly does: string;
  readonly done: number;
  readonly impossible: number;
  /** Flows out of range while it had taken the fence away, and connections that the kernel itself ended with it. */
  readonly flows: number;
  readonly ended: number;
}

/** What a run came to. */
export interface ChaosResult {
  readonly seed: number;
  readonly seconds: number;
  readonly versions: Versions;
  /** Nothing left out of range but what is excused (`away`, `forgotten`), and no connection was cut by us. */
  readonly met: boolean;
  readonly tried: number;
  readonly rows: readonly LoadRow[];
  readonly impossibleDownloads: number;
  readonly packets: {
    readonly inRange: number;
    readonly outOfRange: number;
    readonly away: number;
    readonly forgotten: number;
  };
  readonly leaks: readonly JudgedStray[];
  readonly held: { readonly opened: number; readonly cuts: readonly JudgedCut[]; readonly byHarm: number };
  readonly disturbances: readonly DisturbanceRow[];
  /** When the host was harmed, in the order of the ends. */
  readonly harms: readonly Harm[];
  /** Milliseconds from taking the fence away to its being back. */
  readonly heals: Summary | undefined;
  /** The agent ended by itself, and the like. */
  readonly problems: readonly string[];
  readonly latest: readonly { readonly name: string; readonly at: number }[];
  readonly agentWords: readonly string[];
}

interface Facts {
  readonly setup: ChaosSetup;
  readonly recording: Recording;
  readonly problems: readonly string[];
  readonly seed: number;
  readonly seconds: number;
  readonly versions: Versions;
  readonly impossibleDownloads: number;
  readonly counters: AclCounters;
  readonly strays: readonly Stray[];
  readonly agentWords: readonly string[];
}

/** Judges everything that was recorded. */
export function summary(facts: Facts): ChaosResult {
  const { setup, recording, counters } = facts;
  const { harms } = recording;
  const strays = judgeStrays(facts.strays, setup.addresses.callerOf, harms);
  const cuts = recording.cuts.map((cut) => judgeCut(cut, harms));
  const leaks = strays.filter(({ excuse }) => excuse === undefined);
  const packetsBy = (why: Excuse['why']): number =>
    strays.reduce((sum, { excuse, packets }) => sum + (excuse?.why === why ? packets : 0), 0);
  const [away, forgotten] = [packetsBy('away'), packetsBy('forgotten')];
  const ours = cuts.filter(({ by }) => by === undefined);
  const heals = harms.filter(({ open }) => open).map(({ from, to }) => to - from);
  const rows = [...recording.tallies].map(([name, tally]) => rowOf(name, tally));
  const { seed, seconds, versions, impossibleDownloads, problems, agentWords } = facts;
  return {
    ...{ seed, seconds, versions, impossibleDownloads, problems, agentWords, rows, leaks },
    met:
      leaks.length + ours.length + problems.length === 0 &&
      counters.outOfRange === away + forgotten &&
      rows.every(isAlive),
    tried: tried(recording),
    packets: { inRange: counters.inRange, outOfRange: counters.outOfRange, away, forgotten },
    held: { opened: recording.opened, cuts: ours, byHarm: cuts.length - ours.length },
    disturbances: DISTURBANCES.map(({ name, does }) => ({
      ...{ name, does },
      ...(recording.disturbances.get(name) ?? { done: 0, impossible: 0 }),
      flows: strays.filter(({ excuse }) => excuse?.harm === name).length,
      ended: cuts.filter(({ by }) => by === name).length,
    })),
    harms,
    heals: heals.length > 0 ? summarize(heals) : undefined,
    latest: recording.latest,
  };
}

/** A kind of connection that is never answered would prove nothing; downloads for which no container could start were never tried. */
const isAlive = ({ tried, answered }: LoadRow): boolean => tried === 0 || answered > 0;

function rowOf(name: string, tally: LoadTally): LoadRow {
  const [origin = '', chosen = '', protocol = '', family = ''] = name.split('|');
  const failed = failedIn(tally);
  const { answered, silent } = tally;
  return { origin, chosen, protocol, family, tried: answered + silent + failed, answered, silent, failed };
}

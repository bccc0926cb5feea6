import { ALL_PORTS, intersect, type PortSet, portCount } from '../ports.ts';
import { type Pieces, portsThat, together } from './pieces.ts';
import { type Asked, type Question, waysOf } from './question.ts';

/** The source ports for one service at one peer, all of its addresses. */
export interface Way extends Pick<Asked, 'service' | 'peer'>, Ports {
  /** How many safe ports there would be more without this way. */
  readonly lost: number;
}

export interface Ports {
  /** Ports whose request and answer surely pass. */
  readonly ranges: PortSet;
  /** Ports whose fate hangs on what could not be judged. */
  readonly unsure: PortSet;
  /** The same and the rest, each with what decides. */
  readonly pieces: Pieces;
}

/** What holds for all ways together, and for each. */
export interface Answer extends Ports {
  readonly ways: readonly Way[];
}

/** The exact answer of first-match evaluation. Throws ACL where a block of ours would have to be known. */
export function solve(question: Question): Answer {
  const asked = waysOf(question);
  const pieces = asked.map(({ view, peer }) => view.towards(peer));
  // Thousands of peers share a few answers: each is worked out once.
  const counts = new Map<Pieces, number>();
  for (const one of pieces) counts.set(one, (counts.get(one) ?? 0) + 1);
  const shared = sharedBy(counts);
  const ways = asked.map(({ service, peer }, i): Way => {
    const { ranges, unsure, pieces: own, lost } = shared.get(pieces[i] ?? NO_PIECES) ?? NOTHING;
    return { service, peer, ranges, unsure, pieces: own, lost };
  });
  return { ...portsOf(together([...counts.keys()])), ways };
}

type Shared = Omit<Way, 'service' | 'peer'>;
const NO_PIECES: Pieces = [];
const NOTHING: Shared = { ranges: [], unsure: [], pieces: NO_PIECES, lost: 0 };

export function portsOf(pieces: Pieces): Ports {
  return { ranges: portsThat('pass', pieces), unsure: portsThat('unsure', pieces), pieces };
}

/** Each with what it would give back if it were not asked for: nothing where another one asks for the same. */
function sharedBy(counts: ReadonlyMap<Pieces, number>): ReadonlyMap<Pieces, Shared> {
  const all = [...counts.keys()].map(portsOf);
  const before = running(all.map(({ ranges }) => ranges));
  const behind = running(all.map(({ ranges }) => ranges).reverse()).reverse();
  const whole = portCount(before.at(-1) ?? ALL_PORTS);
  return new Map(
    all.map((one, i) => {
      const others = intersect(before[i] ?? ALL_PORTS, behind[i + 1] ?? ALL_PORTS);
      const lost = (counts.get(one.pieces) ?? 0) > 1 ? 0 : portCount(others) - whole;
      return [one.pieces, { ...one, lost }];
    }),
  );
}

/** The intersections of the first none, one, two, ... sets. */
function running(sets: readonly PortSet[]): PortSet[] {
  const all: PortSet[] = [ALL_PORTS];
  for (const set of sets) all.push(intersect(all.at(-1) ?? ALL_PORTS, set));
  return all;
}

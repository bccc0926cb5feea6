import { ALL_PORTS, FAMILIES, type Family, intersect, type PortSet, portCount } from '../ports.ts';
import { type PortSegments, portsThat, together } from './port-segments.ts';
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
  readonly segments: PortSegments;
}

/** What holds for all ways together, and for each. */
export interface PortAnswer extends Ports {
  readonly ways: readonly Way[];
}

/** The exact answer of first-match evaluation. Throws ACL where a block of ours would have to be known. */
export function solve(question: Question): PortAnswer {
  const asked = waysOf(question);
  const segments = asked.map(({ trip, peer }) => trip.towards(peer));
  // Thousands of peers share a few answers: each is worked out once.
  const counts = new Map<PortSegments, number>();
  for (const one of segments) counts.set(one, (counts.get(one) ?? 0) + 1);
  const shared = sharedBy(counts);
  const ways = asked.map(({ service, peer }, i): Way => {
    const { ranges, unsure, segments: own, lost } = shared.get(segments[i] ?? NO_PIECES) ?? NOTHING;
    return { service, peer, ranges, unsure, segments: own, lost };
  });
  return { ...portsOf(together([...counts.keys()])), ways };
}

/** The answer for each family by itself, where the question is about both. Throws ACL as `solve` does. */
export function solveByFamily(question: Question): Partial<Readonly<Record<Family, PortAnswer>>> {
  const of = (family: Family) => question.peers.filter((one) => one.family === family);
  const asked = FAMILIES.filter((family) => of(family).length > 0);
  return asked.length < 2
    ? {}
    : Object.fromEntries(asked.map((family) => [family, solve({ ...question, peers: of(family) })]));
}

type Shared = Omit<Way, 'service' | 'peer'>;
const NO_PIECES: PortSegments = [];
const NOTHING: Shared = { ranges: [], unsure: [], segments: NO_PIECES, lost: 0 };

export function portsOf(segments: PortSegments): Ports {
  return { ranges: portsThat('pass', segments), unsure: portsThat('unsure', segments), segments };
}

/** Each with what it would give back if it were not asked for: nothing where another one asks for the same. */
function sharedBy(counts: ReadonlyMap<PortSegments, number>): ReadonlyMap<PortSegments, Shared> {
  const all = [...counts.keys()].map(portsOf);
  const before = running(all.map(({ ranges }) => ranges));
  const behind = running(all.map(({ ranges }) => ranges).reverse()).reverse();
  const whole = portCount(before.at(-1) ?? ALL_PORTS);
  return new Map(
    all.map((one, i) => {
      const others = intersect(before[i] ?? ALL_PORTS, behind[i + 1] ?? ALL_PORTS);
      const lost = (counts.get(one.segments) ?? 0) > 1 ? 0 : portCount(others) - whole;
      return [one.segments, { ...one, lost }];
    }),
  );
}

/** The intersections of the first none, one, two, ... sets. */
function running(sets: readonly PortSet[]): PortSet[] {
  const all: PortSet[] = [ALL_PORTS];
  for (const set of sets) all.push(intersect(all.at(-1) ?? ALL_PORTS, set));
  return all;
}

import { ALL_PORTS, intersect, type PortSet, portCount } from '../ports.ts';
import { both, everyPort, type Pieces, portsThat } from './pieces.ts';
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
  const asked = waysOf(question).map((way) => ({ ...way, pieces: way.view.towards(way.peer) }));
  const shared = new Map<Pieces, Ports & { readonly count: number }>();
  for (const { pieces } of asked) {
    const known = shared.get(pieces) ?? { ...portsOf(pieces), count: 0 };
    shared.set(pieces, { ...known, count: known.count + 1 });
  }
  const lost = lostBy([...shared.values()]);
  const ways = asked.map(({ service, peer, pieces }) => ({
    service,
    peer,
    ...(shared.get(pieces) ?? portsOf(pieces)),
    lost: lost.get(pieces) ?? 0,
  }));
  return { ...portsOf([...shared.keys()].reduce(both, everyPort({ verdict: 'pass', by: [] }))), ways };
}

export function portsOf(pieces: Pieces): Ports {
  return { ranges: portsThat('pass', pieces), unsure: portsThat('unsure', pieces), pieces };
}

/** What each would give back if it were not asked for: nothing where another one asks for the same. */
function lostBy(all: readonly (Ports & { readonly count: number })[]): ReadonlyMap<Pieces, number> {
  const before = running(all.map(({ ranges }) => ranges));
  const behind = running(all.map(({ ranges }) => ranges).reverse()).reverse();
  const whole = portCount(before.at(-1) ?? ALL_PORTS);
  return new Map(
    all.map(({ pieces, count }, i) => {
      const others = intersect(before[i] ?? ALL_PORTS, behind[i + 1] ?? ALL_PORTS);
      return [pieces, count > 1 ? 0 : portCount(others) - whole];
    }),
  );
}

/** The intersections of the first none, one, two, ... sets. */
function running(sets: readonly PortSet[]): PortSet[] {
  const all: PortSet[] = [ALL_PORTS];
  for (const set of sets) all.push(intersect(all.at(-1) ?? ALL_PORTS, set));
  return all;
}

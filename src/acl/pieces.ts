import { HIGHEST_PORT, LOWEST_PORT, type PortRange, type PortSet, portSet } from '../ports.ts';
import type { Decider, Decision, Verdict } from './decision.ts';

/** Neighbouring ports that meet the same fate for the same reasons. */
export interface Piece extends PortRange, Decision {}

/** All ports in ascending order, each in one piece; neighbours differ. */
export type Pieces = readonly Piece[];

/** The same for every port. */
export const everyPort = (decision: Decision): Pieces => [{ from: LOWEST_PORT, to: HIGHEST_PORT, ...decision }];

/** What a packet meets that has to pass both: one that drops outweighs one that can't be judged, which outweighs one that passes. */
export function both(a: Pieces, b: Pieces): Pieces {
  if (a === b) return a;
  const made: Piece[] = [];
  for (let i = 0, j = 0, from = LOWEST_PORT; from <= HIGHEST_PORT; ) {
    const [x, y] = [a[i], b[j]];
    if (!x || !y) break;
    const to = Math.min(x.to, y.to);
    append(made, { from, to, ...bothDecisions(x, y) });
    if (x.to === to) i += 1;
    if (y.to === to) j += 1;
    from = to + 1;
  }
  return made;
}

/** The same for any number of them, at least one. Halves first, so that long lists of reasons are joined seldom. */
export function together(lists: readonly Pieces[]): Pieces {
  const [first = [], second] = lists;
  if (!second) return first;
  const half = Math.ceil(lists.length / 2);
  return both(together(lists.slice(0, half)), together(lists.slice(half)));
}

/** Adds the piece that comes next, or makes the last one longer where both are alike. */
export function append(pieces: Piece[], next: Piece): void {
  const last = pieces.at(-1);
  if (last && last.verdict === next.verdict && sameDeciders(last.by, next.by))
    pieces[pieces.length - 1] = { ...last, to: next.to };
  else pieces.push(next);
}

/** The ports that meet this fate. */
export function portsThat(verdict: Verdict, pieces: Pieces): PortSet {
  return portSet(...pieces.filter((piece) => piece.verdict === verdict).map(({ from, to }) => ({ from, to })));
}

const WEIGHT: Readonly<Record<Verdict, number>> = { pass: 0, unsure: 1, drop: 2 };

function bothDecisions(a: Decision, b: Decision): Decision {
  const difference = WEIGHT[a.verdict] - WEIGHT[b.verdict];
  if (difference !== 0) return decisionOf(difference > 0 ? a : b);
  return { verdict: a.verdict, by: sameDeciders(a.by, b.by) ? a.by : [...new Set([...a.by, ...b.by])] };
}

const decisionOf = ({ verdict, by }: Decision): Decision => ({ verdict, by });

/** Deciders are made once for each entry and way, so that one is the same as another only if it is that one. */
function sameDeciders(a: readonly Decider[], b: readonly Decider[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (a.length <= FEW) return a.every((one) => b.includes(one));
  const known = new Set(b);
  return a.every((one) => known.has(one));
}

const FEW = 8;

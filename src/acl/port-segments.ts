import { HIGHEST_PORT, LOWEST_PORT, type PortRange, type PortSet, portSet } from '../ports.ts';
import { type AclVerdict, type Decider, type Decision, decisionFor } from './decision.ts';
import type { AclEntry } from './model.ts';

/** Neighbouring ports that meet the same fate for the same reasons. */
export interface PortSegment extends PortRange, Decision {}

/** All ports in ascending order, each in one segment; neighbours differ. */
export type PortSegments = readonly PortSegment[];

/** The same for every port. */
export const everyPort = (decision: Decision): PortSegments => [{ from: LOWEST_PORT, to: HIGHEST_PORT, ...decision }];

/** What a packet meets that has to pass both: one that drops outweighs one that can't be judged, which outweighs one that passes. */
export function both(a: PortSegments, b: PortSegments): PortSegments {
  return merged(a, b, bothDecisions);
}

function merged(a: PortSegments, b: PortSegments, join: (x: Decision, y: Decision) => Decision): PortSegments {
  if (a === b) return a;
  const made: PortSegment[] = [];
  for (let i = 0, j = 0, from = LOWEST_PORT; from <= HIGHEST_PORT; ) {
    const [x, y] = [a[i], b[j]];
    if (!x || !y) break;
    const to = Math.min(x.to, y.to);
    append(made, { from, to, ...join(x, y) });
    if (x.to === to) i += 1;
    if (y.to === to) j += 1;
    from = to + 1;
  }
  return made;
}

/** A request and its answer: what a stateful entry surely lets out comes back whatever the entries say. */
export function requestAndAnswer(request: PortSegments, answer: PortSegments): PortSegments {
  return merged(request, answer, (out, back) => {
    const isTracked = out.by.length > 0 && out.by.every((one) => one.kind === 'entry' && one.entry.isStateful === true);
    return out.verdict === 'pass' && isTracked ? decisionOf(out) : bothDecisions(out, back);
  });
}

/** The same for any number of them, at least one. Halves first, so that long lists of reasons are joined seldom. */
export function together(lists: readonly PortSegments[]): PortSegments {
  const [first = [], second] = lists;
  if (!second) return first;
  const half = Math.ceil(lists.length / 2);
  return both(together(lists.slice(0, half)), together(lists.slice(half)));
}

/** What holds for packets that may travel in any of these worlds: unsure where the worlds differ. */
export function acrossWorlds(worlds: readonly PortSegments[]): PortSegments {
  const [first = [], ...others] = worlds;
  return others.reduce((all, one) => merged(all, one, eitherDecision), first);
}

/** The same for one packet. */
export const acrossDecisions = (decisions: readonly Decision[]): Decision =>
  decisions.reduce((all, one) => eitherDecision(all, one));

function eitherDecision(a: Decision, b: Decision): Decision {
  const by = sameDeciders(a.by, b.by) ? a.by : distinctDeciders([...a.by, ...b.by]);
  const hasMore = a.hasMore === true || b.hasMore === true;
  if (a.verdict === b.verdict) return decisionFor(a.verdict, by, hasMore);
  const open = by.filter((one) => one.kind === 'entry' && isOpen(one.entry));
  return decisionFor('unsure', open.length > 0 ? open : by, hasMore);
}

const isOpen = ({ when, presence }: AclEntry): boolean => (when ?? []).length > 0 || presence !== undefined;

/** Each entry once, whichever world it was met in. */
function distinctDeciders(all: readonly Decider[]): readonly Decider[] {
  const known = new Map<unknown, Decider[]>();
  for (const one of all) {
    const key = one.kind === 'entry' ? one.entry : one.kind === 'implicit' ? `${one.direction} ${one.acl.id}` : one.why;
    const same = known.get(key) ?? [];
    if (!same.some((other) => isSame(other, one))) known.set(key, [...same, one]);
  }
  return [...known.values()].flat();
}

const isSame = (a: Decider, b: Decider): boolean =>
  a.kind === 'unfiltered' || b.kind === 'unfiltered'
    ? a.kind === b.kind
    : a.direction === b.direction && a.family === b.family && a.acl.id === b.acl.id;

/** Adds the segment that comes next, or makes the last one longer where both are alike. */
export function append(segments: PortSegment[], next: PortSegment): void {
  const last = segments.at(-1);
  if (last && last.verdict === next.verdict && last.hasMore === next.hasMore && sameDeciders(last.by, next.by))
    segments[segments.length - 1] = { ...last, to: next.to };
  else segments.push(next);
}

/** The same with neighbours of one verdict as one: for people, where reasons would take more lines than anybody reads. */
export function foldedByVerdict(segments: PortSegments): PortSegments {
  const folded: PortSegment[] = [];
  for (const segment of segments) {
    const last = folded.at(-1);
    if (last?.verdict === segment.verdict)
      folded[folded.length - 1] = { from: last.from, to: segment.to, ...bothDecisions(last, segment) };
    else folded.push(segment);
  }
  return folded;
}

/** The ports that meet this fate. */
export function portsThat(verdict: AclVerdict, segments: PortSegments): PortSet {
  return portSet(...segments.filter((segment) => segment.verdict === verdict).map(({ from, to }) => ({ from, to })));
}

const WEIGHT: Readonly<Record<AclVerdict, number>> = { pass: 0, unsure: 1, drop: 2 };

function bothDecisions(a: Decision, b: Decision): Decision {
  const difference = WEIGHT[a.verdict] - WEIGHT[b.verdict];
  if (difference !== 0) return decisionOf(difference > 0 ? a : b);
  const by = sameDeciders(a.by, b.by) ? a.by : [...new Set([...a.by, ...b.by])];
  return decisionFor(a.verdict, by, a.hasMore === true || b.hasMore === true);
}

const decisionOf = ({ verdict, by, hasMore }: Decision): Decision => decisionFor(verdict, by, hasMore);

/** Deciders are made once for each entry and way, so that one is the same as another only if it is that one. */
function sameDeciders(a: readonly Decider[], b: readonly Decider[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((one) => b.includes(one));
}

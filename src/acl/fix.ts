import type { Cidr } from '../addresses.ts';
import { type Family, HIGHEST_PORT, LOWEST_PORT, type PortRange, type PortSet, portSet } from '../ports.ts';
import { addressBlock, holds } from './address-block.ts';
import type { Decider } from './decision.ts';
import { type Fit, fitOf } from './fit.ts';
import { type Gap, gapsOf, type Hop, hopsOf } from './hop.ts';
import { type AclEntry, type Direction, isUnknown, type NetworkAcl } from './model.ts';
import type { Question } from './question.ts';
import { PROTOCOL_NUMBERS } from './services.ts';
import { solve, type Way } from './solve.ts';

/** An entry to be made, all of it known. */
export interface NewEntry {
  readonly acl: NetworkAcl;
  readonly direction: Direction;
  readonly number: number;
  readonly family: Family;
  readonly protocol: number;
  readonly range: PortRange;
  readonly remote: Cidr;
  /** What denied this, or left it unsure, until now; an entry among it was somebody's choice. */
  readonly against: readonly Decider[];
}

export interface Fix {
  readonly entries: readonly NewEntry[];
  /** Why it can't be mended by entries, where it can't. */
  readonly stuck: string | undefined;
  /** How the ports in use fit when the entries are there: solved anew, with them. */
  readonly after: Fit;
}

const MOST_ROUNDS = 1000;

/** The entries that make the ports in use pass; each opens no more than what lacks. Throws ACL as `solve` does. */
export function fixFor(question: Question, usedBy: (way: Way) => PortSet): Fix {
  let made: readonly NewEntry[] = [];
  for (let round = 0; ; round += 1) {
    const changed = withEntries(question, made);
    const after = fitOf(solve(changed), usedBy);
    if (after.fits) return { entries: made, stuck: undefined, after };
    const next = round < MOST_ROUNDS ? nextEntry(changed, after) : 'it takes too many entries';
    if (typeof next === 'string') return { entries: [], stuck: next, after: fitOf(solve(question), usedBy) };
    made = [...made.filter((one) => !covers(next, one)), next];
  }
}

/** The question as it would be with these entries. */
function withEntries(question: Question, made: readonly NewEntry[]): Question {
  const changed = (acl: NetworkAcl): NetworkAcl => ({
    ...acl,
    entries: [...acl.entries, ...made.filter((one) => one.acl.id === acl.id).map(asEntry)],
  });
  const { own, peer } = question;
  return {
    ...question,
    own: { ...own, acl: changed(own.acl) },
    peer: peer && { ...peer, acl: changed(peer.acl) },
  };
}

const asEntry = ({ direction, number, family, protocol, range, remote }: NewEntry): AclEntry => ({
  ...{ direction, number, family, protocol, remote },
  ...{ allow: true, ports: portSet(range), icmp: { type: 'any', code: 'any' } },
  place: { file: 'the change', path: `${direction} ${number}` },
});

/** An entry for the first thing that lacks, the widest peer first; words where none can be made. */
function nextEntry({ own, peer }: Question, { ways }: Fit): NewEntry | string {
  const failing = ways.filter(({ hangingShare, unsureShare }) => hangingShare + unsureShare > 0);
  const widest = [...failing].sort((a, b) => Number(size(b.way) > size(a.way)) - Number(size(b.way) < size(a.way)));
  for (const { way, used } of widest) {
    for (const hop of hopsOf({ own, peer, service: way.service, block: way.peer, ports: used })) {
      const [gap] = gapsOf(hop);
      if (gap) return entryFor(hop, gap);
    }
  }
  return 'nothing lacks that an entry could give';
}

const size = ({ peer: { from, to } }: Way): bigint => to - from;

function entryFor({ acl, direction, kind }: Hop, { range, remote, by }: Gap): NewEntry | string {
  const entries = by.flatMap((one) => (one.kind === 'entry' ? [one.entry] : []));
  const numbers = entries.flatMap(({ number }) => (isUnknown(number) ? [] : [number]));
  if (numbers.length < entries.length)
    return `an ${direction} entry of ${acl.id} has a number that could not be judged: nothing is sure to precede it`;
  const before = numbers.length > 0 ? Math.min(...numbers) : undefined;
  const number = freeNumber(acl, direction, before);
  if (number === undefined)
    return `no ${direction} number is free before ${before ?? 'the last'} in ${acl.id}: renumber its entries first`;
  const { family, protocol } = kind;
  // AWS looks at the ports of TCP and UDP alone (VPC guide, "Network ACL rules").
  const blind = acl.exempts !== 'none' && protocol !== PROTOCOL_NUMBERS.tcp && protocol !== PROTOCOL_NUMBERS.udp;
  const opened = blind ? { from: LOWEST_PORT, to: HIGHEST_PORT } : range;
  return { acl, direction, number, family, protocol, range: opened, remote, against: by };
}

/** Whether the newer entry makes the older one needless. */
function covers(newer: NewEntry, older: NewEntry): boolean {
  return (
    newer.acl.id === older.acl.id &&
    newer.direction === older.direction &&
    newer.protocol === older.protocol &&
    newer.range.from <= older.range.from &&
    older.range.to <= newer.range.to &&
    newer.family === older.family &&
    holds(addressBlock(newer.remote), addressBlock(older.remote))
  );
}

/** Numbers that an entry can have (AWS VPC guide, "Network ACL rules"). */
const LOWEST = 1;
const HIGHEST = 32_766;
const STEP = 10;

/**
 * A number of this direction that no entry has, of either family, and that precedes `before`: the one nearest to it; without
 * one, the next round number behind all. Undefined where none is free.
 */
function freeNumber(acl: NetworkAcl, direction: Direction, before: number | undefined): number | undefined {
  const taken = new Set(
    acl.entries.flatMap((entry) =>
      (isUnknown(entry.direction) || entry.direction === direction) && !isUnknown(entry.number) ? [entry.number] : [],
    ),
  );
  if (before === undefined) {
    const next = Math.floor(Math.max(0, ...taken) / STEP) * STEP + STEP;
    if (next <= HIGHEST) return next;
  }
  for (let number = Math.min(before ?? Infinity, HIGHEST + 1) - 1; number >= LOWEST; number -= 1)
    if (!taken.has(number)) return number;
  return undefined;
}

import { Buffer } from 'node:buffer';
import type { FlowEntry } from '../observe/conntrack.ts';
import { readConntrack } from '../observe/conntrack.ts';
import { type LineFields, type LineKind, newFields, readLine } from '../observe/flow-line.ts';
import { type LineSplitter, lineSplitter, type OnLines } from '../observe/line-splitter.ts';
import { PROTOCOLS } from '../ports.ts';
import { PROTOCOL_NUMBER } from '../protocols.ts';
import { type AddressTable, addressTable } from './address-table.ts';
import { type CountTable, countTable } from './count-table.ts';
import { type FlowScope, KIND } from './scope.ts';

/** Columns of `FlowScan.pairs`: one for each phase (opening, open, closing), then these. */
export const COLUMN = { opening: 0, open: 1, closing: 2, outOfRange: 3, hanging: 4 } as const;
/** Parts of the key of a pair; `service` is the destination port times four, plus the protocol's place in PROTOCOLS. */
export const PART = { destination: 0, service: 1, leaving: 2, source: 3 } as const;

/** What one pass over the kernel's table found. Counts are flows. */
export interface FlowScan {
  readonly scope: FlowScope;
  readonly addresses: AddressTable;
  /** By destination, service, the address that they leave with, and source. */
  readonly pairs: CountTable;
  readonly totals: FlowTotals;
  /** Flows that leave, by the port that they leave with: 65,536 numbers. */
  readonly ports: Uint32Array;
  /** Some of the flows that leave out of range, and some that have no answer. */
  readonly outOfRange: readonly FlowEntry[];
  readonly hanging: readonly FlowEntry[];
}

export interface FlowTotals {
  entries: number;
  /** Lines that are no entry. */
  malformed: number;
  otherProtocols: number;
  leaving: number;
  outOfRange: number;
  hanging: number;
  /** Flows that leave and whose destination was one too many for the table. */
  unplaced: number;
}

/** A scan that takes bytes. */
export interface RunningScan extends LineSplitter {
  readonly scan: FlowScan;
}

export interface ScanOptions {
  /** Seconds that an unanswered TCP entry lives (nf_conntrack_tcp_timeout_syn_sent). */
  readonly synSentS?: number;
  /** How many flows of either kind are kept whole. */
  readonly samples?: number;
}

const NEWLINE = 10;
const SYN_SENT_S = 120;
/** Seconds since its last packet after which an unanswered flow hangs: longer than any usual round trip. */
const HANGS_AFTER_S = 2;
const PLACE_OF = new Uint8Array(256);
for (const [place, name] of PROTOCOLS.entries()) PLACE_OF[PROTOCOL_NUMBER[name]] = place;

/** Opens a scan; the bytes of /proc/net/nf_conntrack or `conntrack -L -o extended` go into it. */
export function openScan(scope: FlowScope, { synSentS = SYN_SENT_S, samples = 200 }: ScanOptions = {}): RunningScan {
  const addresses = addressTable(scope.kindOf);
  const pairs = countTable(5);
  const [ports, allowed] = [new Uint32Array(65_536), new Uint8Array(65_536)];
  for (const { from, to } of scope.ranges) allowed.fill(1, from, to + 1);
  const judged = new Uint8Array(256);
  for (const name of scope.protocols) judged[PROTOCOL_NUMBER[name]] = 1;
  const totals: FlowTotals = {
    ...{ entries: 0, malformed: 0, otherProtocols: 0, leaving: 0, outOfRange: 0, hanging: 0, unplaced: 0 },
  };
  const [outOfRange, hanging]: [FlowEntry[], FlowEntry[]] = [[], []];
  const line = newFields();
  const takeAll: OnLines = (bytes, from, end) => {
    for (let start = from; start < end; start = line.newline + 1) {
      line.newline = start;
      if (bytes[start] !== NEWLINE) takeLine(bytes, start, readLine(bytes, start, end, line));
    }
  };
  const takeLine = (bytes: Uint8Array, start: number, kind: LineKind): void => {
    const end = line.newline;
    if (kind === 'malformed') totals.malformed += 1;
    else totals.entries += 1;
    if (kind === 'other-protocol') totals.otherProtocols += 1;
    if (kind !== 'flow') return;
    const place = placeOf(addresses, bytes, line);
    if (place === 'inside') return;
    totals.leaving += 1;
    ports[line.leavingPort] = (ports[line.leavingPort] ?? 0) + 1;
    const isOut =
      allowed[line.leavingPort] === 0 && judged[line.protocol] === 1 && !isExempt(addresses, last.destination);
    const isHanging = hangs(line, synSentS);
    totals.outOfRange += isOut ? 1 : 0;
    totals.hanging += isHanging ? 1 : 0;
    if (isOut && outOfRange.length < samples) outOfRange.push(...whole(bytes, start, end));
    if (isHanging && hanging.length < samples) hanging.push(...whole(bytes, start, end));
    const service = line.destinationPort * 4 + (PLACE_OF[line.protocol] ?? 0);
    const row = place === 'unplaced' ? -1 : pairs.row(last.destination, service, last.leaving, last.source);
    if (row < 0) {
      totals.unplaced += 1;
      return;
    }
    pairs.add(row, line.phase, 1);
    if (isOut) pairs.add(row, COLUMN.outOfRange, 1);
    if (isHanging) pairs.add(row, COLUMN.hanging, 1);
  };
  /** Numbers of the addresses of the line that was read last. */
  const last = { source: 0, destination: 0, leaving: 0 };
  /** Whether a flow leaves by an uplink: from an address of this host or a container, to none of either. */
  const placeOf = (table: AddressTable, bytes: Uint8Array, { source, destination, leaving }: LineFields) => {
    last.destination = table.numberOf(bytes, destination);
    if ((table.kind(last.destination) & KIND.inside) !== 0) return 'inside';
    last.leaving = table.numberOf(bytes, leaving);
    last.source = table.numberOf(bytes, source);
    if (last.destination < 0 || last.leaving < 0 || last.source < 0) return 'unplaced';
    const leaves = (table.kind(last.leaving) & KIND.ours) !== 0 || (table.kind(last.source) & KIND.container) !== 0;
    return leaves ? 'leaves' : 'inside';
  };
  return {
    ...lineSplitter(takeAll),
    scan: { scope, addresses, pairs, totals, ports, outOfRange, hanging },
  };
}

const isExempt = (addresses: AddressTable, number: number): boolean => (addresses.kind(number) & KIND.exempt) !== 0;

function hangs({ protocol, phase, unreplied, timeoutS }: LineFields, synSentS: number): boolean {
  return (
    protocol === PROTOCOL_NUMBER.tcp &&
    phase === 0 &&
    unreplied &&
    timeoutS >= 0 &&
    timeoutS <= synSentS - HANGS_AFTER_S
  );
}

/** A line that is kept: few are. */
function whole(bytes: Uint8Array, start: number, end: number): FlowEntry[] {
  return readConntrack(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
}

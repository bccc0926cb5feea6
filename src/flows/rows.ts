import { PROTOCOLS, type Protocol } from '../ports.ts';
import { type CountTable, countTable } from './count-table.ts';
import { COLUMN, type FlowScan, PART } from './flow-scan.ts';
import { KIND } from './scope.ts';

/** Flows by where they stand; `outOfRange` and `hanging` are parts of them. */
export interface FlowCounts {
  readonly flows: number;
  readonly opening: number;
  readonly open: number;
  readonly closing: number;
  readonly outOfRange: number;
  readonly hanging: number;
}

/** A service somewhere, as seen from one address of this host: ports are one's own for each such pair. */
export interface DestinationRow extends FlowCounts {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** The address that the flows leave with. */
  readonly leaving: string;
  /** Ports of the range in use, and how many there are. */
  readonly inUse: number;
  readonly available: number;
}

export type SourceKind = 'host' | 'container' | 'other';

export interface SourceRow extends FlowCounts {
  readonly address: string;
  readonly kind: SourceKind;
}

/** What one source has towards one destination. */
export interface PairRow extends FlowCounts {
  readonly source: string;
  readonly kind: SourceKind;
}

/** What one source has towards one destination, of any. */
export interface PlacedPair extends PairRow {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

const COLUMNS = Object.values(COLUMN);

/** The fullest destinations first, at most so many, and how many there are in all. */
export function destinationRows(
  scan: FlowScan,
  most: number,
): { readonly rows: DestinationRow[]; readonly of: number } {
  const { table, top } = grouped(scan, [PART.destination, PART.service, PART.leaving], most);
  return { rows: top.map((row) => destinationOf(scan, table, row)), of: table.size() };
}

/** Those with the most flows first, at most so many, and how many there are in all. */
export function sourceRows(scan: FlowScan, most: number): { readonly rows: SourceRow[]; readonly of: number } {
  const { table, top } = grouped(scan, [PART.source], most);
  const rows = top.map((row) => ({ ...source(scan, table.key(row, 0)), ...countsOf(table, row) }));
  return { rows: rows.map(({ source: address, ...rest }) => ({ address, ...rest })), of: table.size() };
}

/** Pairs of a source and a destination with the most flows, at most so many. */
export function pairRows(scan: FlowScan, most: number): PlacedPair[] {
  const { table, top } = grouped(scan, [PART.destination, PART.service, PART.source], most);
  return top.map((row) => ({
    ...serviceOf(scan, table, row),
    ...source(scan, table.key(row, 2)),
    ...countsOf(table, row),
  }));
}

/** Who has flows towards this service, the most first; an undefined protocol is any. */
export function pairsTowards(
  scan: FlowScan,
  wanted: { readonly address: string; readonly port: number; readonly protocol?: Protocol | undefined },
): { readonly destinations: DestinationRow[]; readonly pairs: PairRow[] } {
  const isWanted = (row: number): boolean => {
    const service = scan.pairs.key(row, PART.service);
    if (Math.floor(service / 4) !== wanted.port) return false;
    if (wanted.protocol !== undefined && PROTOCOLS[service % 4] !== wanted.protocol) return false;
    return scan.addresses.text(scan.pairs.key(row, PART.destination)) === wanted.address;
  };
  const [rows, sources] = [countTable(COLUMNS.length), countTable(COLUMNS.length)];
  for (let row = 0; row < scan.pairs.size(); row += 1) {
    if (!isWanted(row)) continue;
    addRow(scan.pairs, row, rows, [PART.destination, PART.service, PART.leaving]);
    addRow(scan.pairs, row, sources, [PART.source]);
  }
  return {
    destinations: topOf(rows, rows.size()).map((row) => destinationOf(scan, rows, row)),
    pairs: topOf(sources, sources.size()).map((row) => ({
      ...source(scan, sources.key(row, 0)),
      ...countsOf(sources, row),
    })),
  };
}

function destinationOf(scan: FlowScan, table: CountTable, row: number): DestinationRow {
  const counts = countsOf(table, row);
  return {
    ...serviceOf(scan, table, row),
    leaving: scan.addresses.text(table.key(row, 2)),
    inUse: counts.flows - counts.outOfRange,
    available: scan.scope.available,
    ...counts,
  };
}

function serviceOf(scan: FlowScan, table: CountTable, row: number): Pick<PlacedPair, 'protocol' | 'address' | 'port'> {
  const service = table.key(row, 1);
  return {
    protocol: PROTOCOLS[service % 4] ?? 'tcp',
    address: scan.addresses.text(table.key(row, 0)),
    port: Math.floor(service / 4),
  };
}

function source(scan: FlowScan, number: number): { readonly source: string; readonly kind: SourceKind } {
  const kind = scan.addresses.kind(number);
  return {
    source: scan.addresses.text(number),
    kind: (kind & KIND.ours) !== 0 ? 'host' : (kind & KIND.container) !== 0 ? 'container' : 'other',
  };
}

function grouped(scan: FlowScan, parts: readonly number[], most: number) {
  const table = countTable(COLUMNS.length);
  for (let row = 0; row < scan.pairs.size(); row += 1) addRow(scan.pairs, row, table, parts);
  return { table, top: topOf(table, most) };
}

function addRow(from: CountTable, row: number, to: CountTable, parts: readonly number[]): void {
  const [a = -1, b = -1, c = -1] = parts;
  const at = to.row(part(from, row, a), part(from, row, b), part(from, row, c), 0);
  for (const column of COLUMNS) to.add(at, column, from.count(row, column));
}

const part = (table: CountTable, row: number, wanted: number): number => (wanted < 0 ? 0 : table.key(row, wanted));

const flowsIn = (table: CountTable, row: number): number =>
  table.count(row, COLUMN.opening) + table.count(row, COLUMN.open) + table.count(row, COLUMN.closing);

function topOf(table: CountTable, most: number): readonly number[] {
  const rows = Uint32Array.from({ length: table.size() }, (_, row) => row);
  const flows = Uint32Array.from(rows, (row) => flowsIn(table, row));
  return [...rows.sort((a, b) => (flows[b] ?? 0) - (flows[a] ?? 0)).subarray(0, most)];
}

function countsOf(table: CountTable, row: number): FlowCounts {
  return {
    flows: flowsIn(table, row),
    opening: table.count(row, COLUMN.opening),
    open: table.count(row, COLUMN.open),
    closing: table.count(row, COLUMN.closing),
    outOfRange: table.count(row, COLUMN.outOfRange),
    hanging: table.count(row, COLUMN.hanging),
  };
}

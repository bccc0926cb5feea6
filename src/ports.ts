/** A range of port numbers, both ends inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A set of ports: ranges that are sorted, disjoint and never adjacent, so that equal sets are equal data. */
export type PortSet = readonly PortRange[] & { readonly __brand?: 'PortSet' };

export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export const FAMILIES = ['ipv4', 'ipv6'] as const;
export type Family = (typeof FAMILIES)[number];

export const LOWEST_PORT = 0;
export const HIGHEST_PORT = 65_535;
export const ALL_PORTS: PortSet = [{ from: LOWEST_PORT, to: HIGHEST_PORT }];
export const NO_PORTS: PortSet = [];

/** The set that holds every port of the given ranges; they may overlap and come in any order. Throws RangeError for a range that is none. */
export function portSet(...ranges: readonly PortRange[]): PortSet {
  for (const range of ranges) assertRange(range);
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  const merged: PortRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last && range.from <= last.to + 1)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push({ from: range.from, to: range.to });
  }
  return merged;
}

function assertRange({ from, to }: PortRange): void {
  const isPort = (n: number) => Number.isInteger(n) && n >= LOWEST_PORT && n <= HIGHEST_PORT;
  if (!isPort(from) || !isPort(to) || from > to) throw new RangeError(`${from}-${to} is not a range of ports`);
}

export function union(a: PortSet, b: PortSet): PortSet {
  return portSet(...a, ...b);
}

/** The ports that are not in the set. */
export function complement(set: PortSet): PortSet {
  const gaps: PortRange[] = [];
  let next = LOWEST_PORT;
  for (const { from, to } of set) {
    if (from > next) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= HIGHEST_PORT) gaps.push({ from: next, to: HIGHEST_PORT });
  return gaps;
}

export function intersect(a: PortSet, b: PortSet): PortSet {
  const both: PortRange[] = [];
  for (const x of a) {
    for (const y of b) {
      const from = Math.max(x.from, y.from);
      const to = Math.min(x.to, y.to);
      if (from <= to) both.push({ from, to });
    }
  }
  return portSet(...both);
}

export function subtract(a: PortSet, b: PortSet): PortSet {
  return intersect(a, complement(b));
}

export function hasPort(set: PortSet, port: number): boolean {
  return set.some(({ from, to }) => port >= from && port <= to);
}

/** How many ports the set holds. */
export function portCount(set: PortSet): number {
  return set.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

export function samePorts(a: PortSet, b: PortSet): boolean {
  return a.length === b.length && a.every((range, i) => range.from === b[i]?.from && range.to === b[i]?.to);
}

/** One range as people and the kernel write it: `443` or `49152-61000`. */
export function rangeText({ from, to }: PortRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

/** The set as words, comma-separated: `123,500,49152-61000`; the kernel's `ip_local_reserved_ports` reads and writes this form. */
export function portsText(set: PortSet, separator = ','): string {
  return set.map(rangeText).join(separator);
}

/**
 * Reads the kernel's comma-separated form (`ip_local_reserved_ports`), an empty text being the empty set.
 * Throws RangeError for anything else; a policy is read by its own stage, with better words.
 */
export function parsePorts(text: string): PortSet {
  const trimmed = text.trim();
  if (trimmed === '') return NO_PORTS;
  return portSet(
    ...trimmed.split(',').map((part) => {
      const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part);
      if (!match) throw new RangeError(`${part.trim()} is not a port or a range of ports`);
      return { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
    }),
  );
}

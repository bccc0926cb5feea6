import { hasPort, type PortSet, type Protocol, portCount } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type FlowEntry, observeAllFlows } from './conntrack.ts';

/** A destination towards which a source address of this host has few ports left. */
export interface FullDestination {
  readonly protocol: Protocol;
  readonly source: string;
  readonly address: string;
  readonly port: number;
  /** Ports of the range that connections use, those that have ended lately included, and how many there are. */
  readonly inUse: number;
  readonly available: number;
}

/** New connections that the kernel dropped since it started, and where the range is full or nearly so. */
export interface PortShortage {
  readonly drops: number;
  readonly destinations: readonly FullDestination[];
}

/** From this part of a range on its destination is named: the kernel's search takes long by then. */
const FULL = 0.9;
const MOST_DESTINATIONS = 10;

/**
 * What the range's fullness costs. A packet whose range is full can't be entered into conntrack's table: it is dropped, and
 * counted as insert_failed (nf_conntrack_core.c). Flows are read only where something was dropped. Throws what asking throws.
 */
export async function observePortShortage(system: System, ranges: PortSet): Promise<PortShortage> {
  const drops = await insertFailures(system);
  if (drops === 0) return { drops, destinations: [] };
  const flows = (await observeAllFlows(system)) ?? [];
  return { drops, destinations: fullDestinations(flows, ranges) };
}

async function insertFailures(system: System): Promise<number> {
  const table = await system.readText('/proc/net/stat/nf_conntrack').catch(() => undefined);
  if (table !== undefined) return readInsertFailures(table);
  const { code, stdout } = await system.run(['conntrack', '-S']);
  return code === 0 ? [...stdout.matchAll(/\binsert_failed=(\d+)/g)].reduce((sum, one) => sum + Number(one[1]), 0) : 0;
}

/** Reads /proc/net/stat/nf_conntrack: a line of names, then a line of hexadecimal numbers for each processor. */
export function readInsertFailures(table: string): number {
  const [names = '', ...rows] = table.trim().split('\n');
  const column = names.trim().split(/\s+/).indexOf('insert_failed');
  return rows.reduce((sum, row) => sum + (Number.parseInt(row.trim().split(/\s+/)[column] ?? '', 16) || 0), 0);
}

/** Those towards which 90 % of the ports are in use, the fullest first. */
export function fullDestinations(flows: readonly FlowEntry[], ranges: PortSet): readonly FullDestination[] {
  return usedPorts(flows, ranges)
    .filter(({ inUse, available }) => inUse >= available * FULL)
    .slice(0, MOST_DESTINATIONS);
}

/** How many ports of the ranges are in use towards each destination, the fullest first. */
export function usedPorts(flows: readonly FlowEntry[], ranges: PortSet): readonly FullDestination[] {
  const available = portCount(ranges);
  const used = new Map<string, { readonly flow: FlowEntry; readonly ports: Set<number> }>();
  for (const flow of flows) {
    const { source, sourcePort, destination, destinationPort } = flow.reply;
    if (!hasPort(ranges, destinationPort)) continue;
    const key = `${flow.protocol} ${destination} ${source} ${sourcePort}`;
    const entry = used.get(key) ?? { flow, ports: new Set() };
    entry.ports.add(destinationPort);
    used.set(key, entry);
  }
  return [...used.values()]
    .sort((a, b) => b.ports.size - a.ports.size)
    .map(({ flow, ports }) => ({
      protocol: flow.protocol,
      source: flow.reply.destination,
      address: flow.reply.source,
      port: flow.reply.sourcePort,
      inUse: ports.size,
      available,
    }));
}

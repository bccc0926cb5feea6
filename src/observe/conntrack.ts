import { PortfenceError } from '../errors.ts';
import { type Family, PROTOCOLS, type Protocol } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { refused, unlessMissing } from './ask.ts';

/** One direction of a flow, as its packets read: addresses in the tool's text, ports inclusive of 0. */
export interface FlowEnds {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A flow that the kernel tracks. The port that it leaves with is `reply.destinationPort`. */
export interface FlowEntry {
  readonly family: Family;
  readonly protocol: Protocol;
  /** The protocol's own state: `SYN_SENT`, `ESTABLISHED`, ...; none for UDP. */
  readonly state?: string;
  /** Seconds until the entry ends by itself; undefined for an offloaded flow, whose clock stands still. */
  readonly timeoutS: number | undefined;
  readonly original: FlowEnds;
  readonly reply: FlowEnds;
  /** No packet of the other direction was seen yet. */
  readonly unreplied: boolean;
  readonly assured: boolean;
}

const PATIENCE_MS = 60_000;
/** Where the kernel lists its flows; a kernel without NF_CONNTRACK_PROCFS has no such file. */
export const TRACKED_FLOWS = '/proc/net/nf_conntrack';
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * The tracked flows of TCP, UDP and SCTP; `filter` holds more options of conntrack(8) (`--src-nat`). A million flows take
 * about 7 s and 160 MB. Throws TOOL_MISSING, NOT_ROOT or SYSTEM.
 */
export async function observeFlows(system: System, filter: readonly string[] = []): Promise<FlowEntry[]> {
  const argv = ['conntrack', '-L', '-o', 'extended', ...filter] as const;
  const done = await system.run(argv, { timeoutMs: PATIENCE_MS });
  if (done.code !== 0) throw refused(argv, done);
  return readConntrack(done.stdout);
}

/** How many flows the kernel tracks in this network namespace; undefined where it tracks none yet, or does not tell. */
export async function trackedCount(system: System): Promise<number | undefined> {
  const text = await system.readText('/proc/sys/net/netfilter/nf_conntrack_count').catch(() => undefined);
  return text === undefined || !/^\d{1,10}\s*$/.test(text) ? undefined : Number(text);
}

/**
 * Every tracked flow: the kernel's own file, else (Linux without NF_CONNTRACK_PROCFS has none) what conntrack lists. Undefined
 * where there is neither. Throws NOT_ROOT or SYSTEM.
 */
export async function observeAllFlows(system: System): Promise<readonly FlowEntry[] | undefined> {
  const text = await system.readText(TRACKED_FLOWS, MOST_BYTES).catch(() => undefined);
  return text === undefined ? unlessMissing(observeFlows(system)) : readConntrack(text);
}

/** Whether the flow leaves with another source than it began with (IPS_SRC_NAT). */
export const hasMappedSource = ({ original, reply }: FlowEntry): boolean =>
  original.source !== reply.destination || original.sourcePort !== reply.destinationPort;

/**
 * Reads `conntrack -L -o extended` or /proc/net/nf_conntrack, in linear time. Other protocols and lines that are cut off are
 * passed over. Throws PortfenceError SYSTEM for a text in which not one line looks like a flow.
 */
export function readConntrack(text: string): FlowEntry[] {
  const flows: FlowEntry[] = [];
  let strange: string | undefined;
  let understood = false;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    start = end + 1;
    if (line.startsWith('ipv4 ') || line.startsWith('ipv6 ')) {
      understood = true;
      const flow = readLine(line);
      if (flow) flows.push(flow);
    } else if (line !== '') strange ??= line;
  }
  if (strange !== undefined && !understood) {
    throw new PortfenceError('SYSTEM', `conntrack listed something that is no flow: ${scrub(strange.slice(0, 80))}`);
  }
  return flows;
}

type Draft = { source?: string; destination?: string; sourcePort?: number; destinationPort?: number };

function readLine(line: string): FlowEntry | undefined {
  const words = line.split(' ').filter((word) => word !== '');
  const protocol = PROTOCOLS.find((name) => name === words[2]);
  if (!protocol) return undefined;
  const ends: [Draft, Draft] = [{}, {}];
  let state: string | undefined;
  let timeoutS: number | undefined;
  let unreplied = false;
  let assured = false;
  for (const [i, word] of words.entries()) {
    if (i < 4) continue;
    const equals = word.indexOf('=');
    if (equals > 0) note(ends, word.slice(0, equals), word.slice(equals + 1));
    else if (word === '[UNREPLIED]') unreplied = true;
    else if (word === '[ASSURED]') assured = true;
    else if (i === 4) timeoutS = /^\d{1,10}$/.test(word) ? Number(word) : undefined;
    else if (i === 5 && /^[A-Z_0-9]{1,32}$/.test(word)) state = word;
  }
  const [original, reply] = [whole(ends[0]), whole(ends[1])];
  if (!original || !reply) return undefined;
  const family = words[0] === 'ipv6' ? 'ipv6' : 'ipv4';
  return { family, protocol, ...(state === undefined ? {} : { state }), timeoutS, original, reply, unreplied, assured };
}

/** Each of the four keys comes twice: first as the flow was opened, then as its answers read. */
function note([original, reply]: [Draft, Draft], key: string, value: string): void {
  switch (key) {
    case 'src':
      if (original.source === undefined) original.source = value;
      else reply.source ??= value;
      return;
    case 'dst':
      if (original.destination === undefined) original.destination = value;
      else reply.destination ??= value;
      return;
    case 'sport':
      if (original.sourcePort === undefined) original.sourcePort = portNumber(value);
      else reply.sourcePort ??= portNumber(value);
      return;
    case 'dport':
      if (original.destinationPort === undefined) original.destinationPort = portNumber(value);
      else reply.destinationPort ??= portNumber(value);
  }
}

function portNumber(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return number <= 65_535 ? number : Number.NaN;
}

const ADDRESS = /^[0-9a-f.:]{2,45}$/;

function whole({ source, destination, sourcePort, destinationPort }: Draft): FlowEnds | undefined {
  if (source === undefined || destination === undefined || !ADDRESS.test(source) || !ADDRESS.test(destination))
    return undefined;
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  if (Number.isNaN(sourcePort) || Number.isNaN(destinationPort)) return undefined;
  return { source, destination, sourcePort, destinationPort };
}

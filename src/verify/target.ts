import { Address4, Address6 } from 'ip-address';
import { PortfenceError } from '../errors.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import { FAMILIES, type Family, type PortSet, portCount } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

/** Where packets are sent to, in one family. */
export interface Target {
  readonly family: Family;
  readonly address: string;
  /** Destination ports, taken in turn. */
  readonly ports: readonly number[];
  /** Nobody lives there (RFC 5737, RFC 3849); false for a peer that the user named. */
  readonly documentation: boolean;
}

const DOCUMENTATION: Readonly<Record<Family, string>> = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' };

/** NAT tells connections to one destination apart by their source port, so a small range needs several destinations. */
const SHARE = 8;
const MOST_PORTS = 64;

/**
 * The documentation addresses with destination ports that differ from run to run (`shift` from 0 up to 1), enough of them
 * that `connections` fit into the range; `connections` comes back smaller where even the most are not enough.
 */
export function documentationTargets(
  range: PortSet,
  connections: number,
  shift: number,
): { targets: readonly Target[]; connections: number } {
  const each = Math.max(1, Math.floor(portCount(range) / SHARE));
  const count = Math.min(MOST_PORTS, Math.ceil(connections / each));
  const first = 20_000 + Math.floor(shift * 20_000);
  const ports = Array.from({ length: count }, (_, i) => first + i);
  return {
    targets: FAMILIES.map((family) => ({ family, address: DOCUMENTATION[family], ports, documentation: true })),
    connections: Math.min(connections, count * each),
  };
}

/** The peer that the user named, in every family that its name has an address of. Throws USAGE for what is no peer. */
export async function peerTargets(
  system: System,
  to: string,
  range: PortSet,
  connections: number,
): Promise<{ targets: readonly Target[]; connections: number }> {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(to.trim());
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65_535) {
    throw new PortfenceError('USAGE', `--to ${scrub(to)} is not a host with a port`, {
      hint: 'write example.com:443, 203.0.113.10:443 or [2001:db8::10]:443',
    });
  }
  const addresses = readPeerAddress(host) ?? (await resolve(system, host));
  const targets = FAMILIES.flatMap((family): Target[] => {
    const address = addresses.find((one) => one.includes(':') === (family === 'ipv6'));
    return address === undefined ? [] : [{ family, address, ports: [port], documentation: false }];
  });
  return { targets, connections: Math.min(connections, Math.max(1, Math.floor(portCount(range) / 2))) };
}

function readPeerAddress(host: string): readonly string[] | undefined {
  try {
    return [host.includes(':') ? new Address6(host).correctForm() : new Address4(host).correctForm()];
  } catch {
    return undefined;
  }
}

async function resolve(system: System, name: string): Promise<readonly string[]> {
  const isName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(name);
  const done = isName ? await system.run(['getent', 'ahosts', name]) : undefined;
  const found = (done?.stdout ?? '').split('\n').flatMap((line) => line.split(/\s+/)[0] || []);
  if (found.length > 0) return found.map((address) => address.replace(/^::ffff:/, ''));
  throw new PortfenceError('USAGE', `--to: ${scrub(name)} is no address, and no name that can be resolved here`);
}

export interface Route {
  /** The interface that packets leave by. */
  readonly device: string;
  /** The source address that the kernel chooses for packets made here. */
  readonly source: string | undefined;
  readonly gateway: string | undefined;
}

/**
 * The way to an address, of packets made here or of those that arrive from `from`. Undefined where there is none (no route,
 * an unreachable or blackhole route, forwarding switched off, a kernel without the family).
 */
export async function routeTo(
  system: System,
  address: string,
  from?: { readonly source: string; readonly arrived: string },
): Promise<Route | undefined> {
  const family = address.includes(':') ? '-6' : '-4';
  const done = await system.run([
    'ip',
    '-j',
    family,
    'route',
    'get',
    address,
    ...(from ? ['from', from.source, 'iif', from.arrived] : []),
  ]);
  if (done.code !== 0) return undefined;
  const route = fields(list(parseJson(done.stdout, 'ip route get'))[0]);
  const device = text(route['dev']);
  const type = text(route['type']) ?? 'unicast';
  if (device === undefined || (type !== 'unicast' && type !== 'local')) return undefined;
  return {
    device,
    source: text(route['prefsrc']),
    gateway: text(route['gateway']) ?? text(fields(route['via'])['host']),
  };
}

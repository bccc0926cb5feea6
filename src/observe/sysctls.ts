import { PortfenceError } from '../errors.ts';
import { HIGHEST_PORT, NO_PORTS, type PortRange, type PortSet, parsePorts } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

/** The settings of this network namespace that matter here (Documentation/networking/ip-sysctl.rst). */
export interface Sysctls {
  /** `ip_local_port_range`, for both families. */
  readonly localPortRange: PortRange;
  readonly reservedPorts: PortSet;
  readonly unprivilegedPortStart: number;
  readonly ipForward: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** 0 off, 1 with a random offset for each connection, 2 without. */
  readonly tcpTimestamps: number;
}

/** Throws PortfenceError SYSTEM where a setting can't be read; one that this kernel does not have gets the kernel's default. */
export async function observeSysctls(system: System): Promise<Sysctls> {
  const [range, reserved, start, forward4, forward6, timestamps] = await Promise.all([
    read(system, 'ipv4/ip_local_port_range'),
    read(system, 'ipv4/ip_local_reserved_ports'),
    read(system, 'ipv4/ip_unprivileged_port_start'),
    read(system, 'ipv4/ip_forward'),
    read(system, 'ipv6/conf/all/forwarding'),
    read(system, 'ipv4/tcp_timestamps'),
  ]);
  return {
    localPortRange: readPortRange(range),
    reservedPorts: readReservedPorts(reserved),
    unprivilegedPortStart: number(start, 1024),
    ipForward: { ipv4: number(forward4, 0) > 0, ipv6: number(forward6, 0) > 0 },
    tcpTimestamps: number(timestamps, 1),
  };
}

async function read(system: System, key: string): Promise<string | undefined> {
  const path = `/proc/sys/net/${key}`;
  try {
    return (await system.readText(path))?.trim();
  } catch (cause) {
    throw new PortfenceError('SYSTEM', `can't read ${path}`, { cause });
  }
}

function readPortRange(text: string | undefined): PortRange {
  const match = /^(\d{1,5})\s+(\d{1,5})$/.exec(text ?? '');
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || from > to || to > HIGHEST_PORT) throw unreadable('ip_local_port_range', text);
  return { from, to };
}

function readReservedPorts(text: string | undefined): PortSet {
  if (text === undefined) return NO_PORTS;
  try {
    return parsePorts(text);
  } catch {
    throw unreadable('ip_local_reserved_ports', text);
  }
}

function number(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : otherwise;
}

function unreadable(key: string, text: string | undefined): PortfenceError {
  return new PortfenceError('SYSTEM', `net.ipv4.${key} reads '${scrub(text ?? '')}', which is no set of ports`);
}

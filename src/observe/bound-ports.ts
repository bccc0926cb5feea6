import type { BoundPort } from '../plan/facts.ts';
import type { System } from '../system/system.ts';

const TABLES = [
  { file: '/proc/net/tcp', protocol: 'tcp', state: '0A' },
  { file: '/proc/net/tcp6', protocol: 'tcp', state: '0A' },
  { file: '/proc/net/udp', protocol: 'udp', state: '07' },
  { file: '/proc/net/udp6', protocol: 'udp', state: '07' },
] as const;

/**
 * Ports that sockets of this network namespace were given on purpose: listening TCP (0A), and UDP without a peer (07), by the
 * kernel's tables (proc(5), net/tcp_states.h). A family that is switched off has none.
 */
export async function observeBoundPorts(system: System): Promise<readonly BoundPort[]> {
  const found = await Promise.all(
    TABLES.map(async ({ file, protocol, state }) =>
      readPorts((await system.readText(file).catch(() => undefined)) ?? '', state).map((port) => ({ protocol, port })),
    ),
  );
  const distinct = new Map(found.flat().map((one) => [`${one.protocol} ${one.port}`, one]));
  return [...distinct.values()].sort((a, b) => a.protocol.localeCompare(b.protocol) || a.port - b.port);
}

/** Reads `/proc/net/tcp` and its like: `sl local_address rem_address st ...`, numbers in hexadecimal. */
export function readPorts(table: string, state: string): readonly number[] {
  return table.split('\n').flatMap((line) => {
    const [, local, port, at] =
      /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line) ?? [];
    return local !== undefined && at === state ? [Number.parseInt(port ?? '', 16)] : [];
  });
}

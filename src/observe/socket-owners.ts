import { readAddress } from '../addresses.ts';
import type { Protocol } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

/** Sockets of one program of this host towards one service. */
export interface SocketOwner {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** The program's name, scrubbed; undefined for sockets of ended programs, and where the holder can't be seen. */
  readonly program: string | undefined;
  /** No process holds them any more: the kernel sees them to their end. */
  readonly ended: boolean;
  readonly pid: number | undefined;
  readonly sockets: number;
}

const TABLES = [
  ['/proc/net/tcp', 'tcp'],
  ['/proc/net/tcp6', 'tcp'],
  ['/proc/net/udp', 'udp'],
  ['/proc/net/udp6', 'udp'],
] as const;

interface Socket {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** What stands for a socket that no file is left of (tcp_ipv4.c). */
const NO_INODE = '0';
const PROCESSES_AT_ONCE = 16;

/**
 * Who on this host holds connected sockets towards the services that `wanted` names (proc(5): /proc/net/tcp has the socket's
 * inode, /proc/PID/fd links to it). Programs of other users are seen with CAP_SYS_PTRACE alone, those of another process
 * namespace not at all. Never throws.
 */
export async function observeSocketOwners(
  system: System,
  wanted: (protocol: Protocol, address: string, port: number) => boolean,
): Promise<readonly SocketOwner[]> {
  const tables = await Promise.all(
    TABLES.map(async ([file, protocol]) =>
      readSockets((await system.readText(file).catch(() => undefined)) ?? '', protocol),
    ),
  );
  const sockets = tables.flat().filter((one) => wanted(one.protocol, one.address, one.port));
  const holders = await holdersOf(system, new Set(sockets.map(({ inode }) => inode)));
  const owners = new Map<string, SocketOwner>();
  for (const { protocol, address, port, inode } of sockets) {
    const { program, pid } = holders.get(inode) ?? {};
    const ended = inode === NO_INODE;
    const key = `${protocol} ${address} ${port} ${pid} ${ended}`;
    const sockets = (owners.get(key)?.sockets ?? 0) + 1;
    owners.set(key, { protocol, address, port, program, ended, pid, sockets });
  }
  return [...owners.values()].sort((a, b) => b.sockets - a.sockets);
}

/** Connected sockets of `/proc/net/tcp` and its like: `sl local rem st ... inode`; numbers in hexadecimal, host byte order. */
export function readSockets(table: string, protocol: Protocol): Socket[] {
  return table.split('\n').flatMap((line): Socket[] => {
    const [, address = '', port = '', inode = ''] =
      /^\s*\d+: [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]+):([0-9A-F]{4}) (?:\S+\s+){6}(\d+)/.exec(line) ?? [];
    const remote = addressOf(address);
    return remote === undefined || port === '0000'
      ? []
      : [{ protocol, address: remote, port: parseInt(port, 16), inode }];
  });
}

/** Words of 32 bits as a little-endian machine writes them; IPv4 in IPv6 is IPv4. */
function addressOf(hex: string): string | undefined {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => parseInt(byte, 16)).join('.');
  if (bytes.length !== 16) return undefined;
  if (hex.startsWith('0000000000000000FFFF0000')) return addressOf(hex.slice(24));
  return readAddress((bytes.join('').match(/.{4}/g) ?? []).join(':'));
}

interface Holder {
  readonly pid: number;
  readonly program: string;
}

async function holdersOf(system: System, inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, Holder>> {
  const found = new Map<string, Holder>();
  if (inodes.size === 0) return found;
  const pids = (await system.list('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const next = async (): Promise<void> => {
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      const held = (await inodesOf(system, pid)).filter((inode) => inodes.has(inode));
      if (held.length === 0) continue;
      const program = scrub((await system.readText(`/proc/${pid}/comm`).catch(() => undefined))?.trim() ?? '?');
      for (const inode of held) found.set(inode, { pid: Number(pid), program });
    }
  };
  await Promise.all(Array.from({ length: PROCESSES_AT_ONCE }, next));
  return found;
}

async function inodesOf(system: System, pid: string): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await system.list(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => system.linkTarget(`${folder}/${name}`).catch(() => undefined)));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1] ?? []);
}

import type { System } from '../system/system.ts';

/** SO_ACCEPTCON in /proc/net/unix (af_unix.c): the socket listens. */
const LISTENS = 0x10000;

/**
 * What earlier looks found, by inode: walking through all processes costs much on a large host. A socket that systemd holds
 * comes to a process at its start, so that one that was seen without it stays without it; a number is used again one day, so
 * that all are looked at again after so many walks.
 */
interface Seen {
  listener: string | undefined;
  without: Set<string>;
  walks: number;
}
const seenBy = new WeakMap<System, Map<string, Seen>>();
const WALKS = 10;

/**
 * Whether a connection to the unix socket reaches a program that runs already. False where only systemd listens: it would
 * start the unit behind the socket (systemd.socket(5)), and a look must start nothing. True where that can't be found out, as
 * without a socket unit, and where nothing listens at all: such a connection is refused. Never throws.
 */
export async function canBeAsked(system: System, socket: string): Promise<boolean> {
  try {
    const inodes = listening((await system.readText('/proc/net/unix')) ?? '', socket);
    if (inodes.length === 0 || (await system.readText('/proc/1/comm'))?.trim() !== 'systemd') return true;
    const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
    if (!(await holds(system, '1', wanted))) return true;
    return await isHeldBeside(system, wanted);
  } catch {
    return true;
  }
}

/** Inodes of the sockets that listen under this path; `/var/run` is a link to `/run`. */
function listening(table: string, socket: string): readonly string[] {
  const path = plain(socket);
  return table.split('\n').flatMap((line) => {
    const [, , , flags = '', , , inode = '', ...rest] = line.trim().split(/\s+/);
    const isListening = (Number.parseInt(flags, 16) & LISTENS) !== 0;
    return isListening && plain(rest.join(' ')) === path ? [inode] : [];
  });
}

const plain = (path: string): string => path.replace(/^\/var\/run\//, '/run/');

async function isHeldBeside(system: System, wanted: ReadonlySet<string>): Promise<boolean> {
  const key = [...wanted].sort().join(' ');
  const known = seenBy.get(system) ?? new Map<string, Seen>();
  const seen = known.get(key) ?? { listener: undefined, without: new Set(), walks: 0 };
  seenBy.set(system, known.set(key, seen));
  if (seen.listener !== undefined && (await holds(system, seen.listener, wanted))) return true;
  seen.listener = undefined;
  seen.walks += 1;
  const pids = (await system.list('/proc')).filter((name) => /^\d+$/.test(name) && name !== '1');
  seen.without = new Set(seen.walks % WALKS === 0 ? [] : pids.filter((pid) => seen.without.has(pid)));
  // Engines start late: the highest numbers come first.
  for (const pid of pids.sort((a, b) => Number(b) - Number(a))) {
    if (seen.without.has(pid)) continue;
    if (!(await holds(system, pid, wanted))) seen.without.add(pid);
    else if (!(await isAboutToStart(system, pid))) {
      seen.listener = pid;
      return true;
    }
  }
  return false;
}

/** A child of systemd has all that systemd has open, until it becomes another program. */
async function isAboutToStart(system: System, pid: string): Promise<boolean> {
  const [program, first] = await Promise.all(
    [pid, '1'].map((one) => system.linkTarget(`/proc/${one}/exe`).catch(() => undefined)),
  );
  return program !== undefined && program === first;
}

async function holds(system: System, pid: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await system.list(folder).catch(() => []);
  for (const name of names) {
    const target = await system.linkTarget(`${folder}/${name}`).catch(() => undefined);
    if (target !== undefined && wanted.has(target)) return true;
  }
  return false;
}

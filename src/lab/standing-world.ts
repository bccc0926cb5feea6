import { readFile, readlink, stat, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import type { PortSet } from '../ports.ts';
import { startLogged } from '../system/held.ts';
import { removeTree } from '../system/real.ts';
import { run } from '../system/run.ts';
import { peerProgram } from './peer-servers.ts';
import { peerAddresses } from './topology.ts';
import { buildWorld } from './world.ts';

/** Names under which a world that stays is found by `ip netns exec`. */
export const STANDING = { host: 'portfence-host', router: 'portfence-acl', peer: 'portfence-peer' } as const;
const FILE = '/run/portfence-lab.json';
const MIRRORS = 12;

/**
 * Builds a world that outlives this process, for a person to play with: namespaces with names, the peer's servers running.
 * Throws PortfenceError STATE where there is one already.
 */
export async function labUp(allowed: PortSet): Promise<void> {
  if (await isUp())
    throw new PortfenceError('STATE', 'the lab is up already', { hint: 'remove it: portfence lab down' });
  const world = await buildWorld({ allowed, mirrors: MIRRORS });
  try {
    await world.servers.stop();
    for (const role of ['host', 'router', 'peer'] as const) {
      const { code, stderr } = await run(['ip', 'netns', 'attach', STANDING[role], String(world[role].pid)]);
      if (code !== 0) throw new PortfenceError('SYSTEM', `ip netns attach ${STANDING[role]}: ${stderr.trim()}`);
    }
    const stays = peerProgram(peerAddresses(MIRRORS), { stay: true });
    const { pid } = await startLogged(world.peer.enter(stays), '/dev/null');
    await writeFile(FILE, `${JSON.stringify({ servers: pid })}\n`, { mode: 0o600 });
  } catch (error) {
    await labDown();
    throw error;
  } finally {
    await world.close();
  }
}

/** Removes the world that stays. Gives false where there was none. Processes of others inside are left alone. */
export async function labDown(): Promise<boolean> {
  const was = await isUp();
  const servers = await serversOfOurs();
  if (servers !== undefined) process.kill(servers, 'SIGTERM');
  for (const name of Object.values(STANDING))
    if (await exists(`/run/netns/${name}`)) await run(['ip', 'netns', 'del', name]);
  await removeTree(FILE);
  return was;
}

async function isUp(): Promise<boolean> {
  const found = await Promise.all([FILE, ...Object.values(STANDING).map((name) => `/run/netns/${name}`)].map(exists));
  return found.includes(true);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The recorded process, where it still is the one that lives in the peer's namespace: numbers are used again. */
async function serversOfOurs(): Promise<number | undefined> {
  try {
    const { servers } = JSON.parse(await readFile(FILE, 'utf8')) as { servers: number };
    const home = await readlink(`/proc/${servers}/ns/net`);
    const { ino } = await stat(`/run/netns/${STANDING.peer}`);
    return home === `net:[${ino}]` ? servers : undefined;
  } catch {
    return undefined;
  }
}

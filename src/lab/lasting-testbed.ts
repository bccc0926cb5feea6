import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import type { PortSet } from '../ports.ts';
import { startLoggedChild } from '../system/child.ts';
import { run } from '../system/run.ts';
import { peerProgram } from './peer-servers.ts';
import { buildTestbed } from './testbed.ts';
import { peerAddresses } from './topology.ts';

/** Names under which a lasting testbed is found by `ip netns exec`. */
export const NETNS_NAMES = { host: 'portfence-host', router: 'portfence-acl', peer: 'portfence-peer' } as const;
const FILE = '/run/portfence-lab.json';
const MIRRORS = 12;

/**
 * Builds a testbed that outlives this process, for a person to play with: namespaces with names, the peer's servers running.
 * Throws PortfenceError STATE where there is one already.
 */
export async function labUp(allowed: PortSet): Promise<void> {
  if (await isUp())
    throw new PortfenceError('STATE', 'the lab is up already', { hint: 'remove it: portfence lab down' });
  const testbed = await buildTestbed({ allowed, mirrors: MIRRORS });
  try {
    await testbed.servers.stop();
    for (const role of ['host', 'router', 'peer'] as const) {
      const { code, stderr } = await run(['ip', 'netns', 'attach', NETNS_NAMES[role], String(testbed[role].pid)]);
      if (code !== 0) throw new PortfenceError('SYSTEM', `ip netns attach ${NETNS_NAMES[role]}: ${stderr.trim()}`);
    }
    const stays = peerProgram(peerAddresses(MIRRORS), { stay: true });
    const { pid, leave } = await startLoggedChild(testbed.peer.enter(stays), '/dev/null');
    leave();
    await writeFile(FILE, `${JSON.stringify({ servers: pid })}\n`, { mode: 0o600 });
  } catch (error) {
    await labDown();
    throw error;
  } finally {
    await testbed.close();
  }
}

/** Removes the lasting testbed. Gives false where there was none. Processes of others inside are left alone. */
export async function labDown(): Promise<boolean> {
  const was = await isUp();
  const servers = await serversOfOurs();
  if (servers !== undefined) process.kill(servers, 'SIGTERM');
  for (const name of Object.values(NETNS_NAMES))
    if (await exists(`/run/netns/${name}`)) await run(['ip', 'netns', 'del', name]);
  await rm(FILE, { recursive: true, force: true });
  return was;
}

async function isUp(): Promise<boolean> {
  const found = await Promise.all(
    [FILE, ...Object.values(NETNS_NAMES).map((name) => `/run/netns/${name}`)].map(exists),
  );
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
    const { ino } = await stat(`/run/netns/${NETNS_NAMES.peer}`);
    return home === `net:[${ino}]` ? servers : undefined;
  } catch {
    return undefined;
  }
}

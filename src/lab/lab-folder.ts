import { mkdtemp, readdir, readlink, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { isOwn } from './private-folder.ts';

/** A private folder under the system's temporary one, for as long as this process lives. */
export interface LabFolder {
  readonly path: string;
  /** Unique on the machine; the parent of the control groups that belong to it is called so. */
  readonly name: string;
  remove(): Promise<void>;
}

/** Makes a folder, and removes those of labs that were killed: the kernel ends namespaces by itself, files stay. */
export async function makeLabFolder(): Promise<LabFolder> {
  // A process number means something within its own process namespace only.
  const numbering = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '';
  const prefix = `pf-lab-${numbering}-`;
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!name.startsWith(prefix) || (await isAlive(name.slice(prefix.length)))) continue;
    // Any user can give a folder such a name.
    if (await isOwn(join(tmpdir(), name)).catch(() => false)) await removeLabFolder(join(tmpdir(), name));
  }
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  return { path, name: basename(path), remove: () => removeLabFolder(path) };
}

const isAlive = (rest: string): Promise<boolean> =>
  stat(`/proc/${Number.parseInt(rest, 10)}`).then(
    () => true,
    () => false,
  );

async function removeLabFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
  await removeCgroups(basename(path));
}

/** Control groups outlive the processes that were in them; on version 1 there is one tree for each controller. */
async function removeCgroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const controllers = await readdir(root).catch(() => []);
  for (const parent of [root, ...controllers.map((controller) => join(root, controller))])
    await removeGroup(join(parent, name));
}

async function removeGroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  await rmdir(path).catch(() => {}); // An empty group costs nothing, and the next boot removes it.
}

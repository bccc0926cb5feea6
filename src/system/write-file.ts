import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { errnoOf, fileError, orFileError } from './errno.ts';
import { processIdentity } from './process-identity.ts';

/** How a new file comes to its place. */
export interface Replacement {
  readonly text: string;
  readonly mode: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly inspect?: ((temporary: string) => Promise<void>) | undefined;
}

let written = 0;

/**
 * Puts a text in the place of a file in one step: temporary file beside it, sync, rename. Where anything fails the file is
 * as it was and the temporary one is removed; one that a killed process left is removed by the next write of that file.
 */
export async function replaceFile(path: string, { text, mode, owner, inspect }: Replacement): Promise<void> {
  await removeHalfWritten(path);
  written += 1;
  // Two writes of ours may be under way at once, each with a file of its own.
  const temporary = `${path}.${process.pid}.${written}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      if (owner) await file.chown(owner.uid, owner.gid);
      await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await inspect?.(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // The first failure is the one to report.
    throw error;
  }
}

/** The temporary file of a write: NAME.PID.NUMBER.tmp. */
const HALF_WRITTEN = /^(.*)\.(\d+)\.\d+\.tmp$/;

async function removeHalfWritten(path: string): Promise<void> {
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const [, of, pid] = HALF_WRITTEN.exec(name) ?? [];
    if (of !== basename(path) || (await processIdentity(Number(pid)))) continue;
    await unlink(join(dirname(path), name)).catch(() => {});
  }
}

/** See `Files.writeText`. */
export async function writeText(path: string, text: string, mode = 0o600): Promise<void> {
  await makeFolder(dirname(path));
  await orFileError(replaceFile(path, { text, mode }), 'write', path);
}

/** Makes a folder with its parents, unless it is there. Throws SYSTEM. */
export async function makeFolder(path: string, mode = 0o755): Promise<void> {
  await mkdir(path, { recursive: true, mode }).catch((cause: unknown) => {
    // mkdir(2) says EEXIST for a file at the end of the path, where every other call says ENOTDIR.
    const isInTheWay = errnoOf(cause) === 'EEXIST';
    throw fileError(
      isInTheWay ? Object.assign(new Error(path, { cause }), { code: 'ENOTDIR' }) : cause,
      'make the folder',
      path,
    );
  });
}

const PROC_SYS = '/proc/sys/';

/** See `Files.writeKernel`. */
export async function writeKernel(path: string, text: string): Promise<void> {
  const elsewhere = process.env['PORTFENCE_PROC_SYS'];
  const isSetting = elsewhere !== undefined && path.startsWith(PROC_SYS);
  await writeFile(isSetting ? join(elsewhere, path.slice(PROC_SYS.length)) : path, text, { flag: constants.O_WRONLY });
}

/** See `Files.remove`. */
export async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return;
    if (errno !== 'EISDIR' && errno !== 'EPERM') throw fileError(error, 'remove', path);
    await removeFolder(path, error);
  }
}

/** A folder that holds something, or is a mount point, stays: its removal was a courtesy. */
async function removeFolder(path: string, refusal: unknown): Promise<void> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw fileError(refusal, 'remove', path);
  await rmdir(path).catch((error: unknown) => {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(errnoOf(error) ?? '')) throw fileError(error, 'remove', path);
  });
}

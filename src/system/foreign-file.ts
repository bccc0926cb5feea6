import { constants, fstatSync, type Stats } from 'node:fs';
import { lstat, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { errnoOf, orFileError, orMissing } from './errno.ts';
import type { ReplaceOptions } from './system.ts';
import { makeFolder, replaceFile } from './write-file.ts';

const NEW_FILE_MODE = 0o644;

/** See `Files.replaceText`. Throws SYSTEM for a link that leads nowhere, and what `inspect` throws; the file is as it was then. */
export async function replaceText(path: string, text: string, { like = path, inspect }: ReplaceOptions): Promise<void> {
  const target = await realFile(path);
  await makeFolder(dirname(target));
  const model = await statOf(like);
  const owner = model && { uid: model.uid, gid: model.gid };
  const replacement = { text, mode: model?.mode ?? NEW_FILE_MODE, inspect, ...(owner ? { owner } : {}) };
  await orFileError(replaceFile(target, replacement), 'write', path);
}

async function realFile(path: string): Promise<string> {
  const found = await orMissing(realpath(path), { missing: undefined, action: 'write', path });
  if (found !== undefined) return found;
  if (await orMissing(lstat(path), { missing: undefined, action: 'write', path }))
    throw new PortfenceError('SYSTEM', `${scrub(path)} is a symbolic link that leads nowhere`, {
      hint: 'make the file that it names, or remove the link',
    });
  return path;
}

const statOf = (path: string): Promise<Stats | undefined> =>
  orMissing(stat(path), { missing: undefined, action: 'write', path });

/** See `Files.writeOutput`. */
export async function writeOutput(path: string, text: string): Promise<void> {
  const stats = await statOf(path);
  if (stats === undefined) await writeNew(path, text);
  else if (isSame(stats, 1)) await writeStream(process.stdout, text);
  else if (isSame(stats, 2)) await writeStream(process.stderr, text);
  else if (stats.isFile() && stats.nlink === 1) await replaceOrWrite(path, text, stats);
  else await writeInPlace(path, text);
}

/** Whether the path leads to where this descriptor writes, as /dev/stdout does: only the descriptor knows how far it is. */
function isSame({ dev, ino }: Stats, descriptor: number): boolean {
  try {
    const open = fstatSync(descriptor);
    return open.dev === dev && open.ino === ino;
  } catch {
    return false; // It is closed.
  }
}

function writeStream(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeNew(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  if (!(await statOf(folder)))
    throw new PortfenceError('SYSTEM', `can't write ${scrub(path)}: the folder ${scrub(folder)} does not exist`, {
      ...{ hint: `make it first: mkdir -p ${scrub(folder)}`, errno: 'ENOENT', path },
    });
  const isLink = await orMissing(lstat(path), { missing: undefined, action: 'write', path });
  if (isLink) await writeInPlace(path, text);
  else await orFileError(replaceFile(path, { text, mode: NEW_FILE_MODE }), 'write', path);
}

/** In one step where the folder lets us; a file that may be written in a folder that may not is written in place. */
async function replaceOrWrite(path: string, text: string, { mode, uid, gid }: Stats): Promise<void> {
  try {
    await replaceFile(await realpath(path), { text, mode, owner: { uid, gid } });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'EBUSY'].includes(errnoOf(error) ?? ''))
      await orFileError(Promise.reject(error), 'write', path);
    await writeInPlace(path, text);
  }
}

async function writeInPlace(path: string, text: string): Promise<void> {
  const write = async (): Promise<void> => {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, NEW_FILE_MODE);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  };
  await orFileError(write(), 'write', path);
}

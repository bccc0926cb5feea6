import { lstat, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import type { ReplaceOptions } from './system.ts';

const NEW_FILE = { mode: 0o644, uid: undefined, gid: undefined };

/**
 * Replaces a file that is not ours in one step: a symbolic link is followed and stays, mode and owner stay. Throws SYSTEM for a
 * link that leads nowhere, and whatever `inspect` throws; the file is as it was then.
 */
export async function replaceText(path: string, text: string, { like = path, inspect }: ReplaceOptions): Promise<void> {
  const target = await realFile(path);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const { mode, uid, gid } = (await orMissing(stat(like))) ?? NEW_FILE;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      if (uid !== undefined && gid !== undefined) await file.chown(uid, gid);
      await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await inspect?.(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function realFile(path: string): Promise<string> {
  const found = await orMissing(realpath(path));
  if (found !== undefined) return found;
  if (await orMissing(lstat(path)))
    throw new PortfenceError('SYSTEM', `${path} is a symbolic link that leads nowhere`, {
      hint: 'make the file that it names, or remove the link',
    });
  return path;
}

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

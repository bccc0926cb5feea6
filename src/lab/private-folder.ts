import { chmod, lstat, mkdir } from 'node:fs/promises';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';

/**
 * Makes a folder that this user alone may use, or takes one that is there. In a temporary folder anybody may have made it
 * before: throws SYSTEM for a symbolic link, for another user's folder and for one that others may write to.
 */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (await isOwn(path)) return chmod(path, 0o700);
  throw new PortfenceError('SYSTEM', `${path} is not a folder of this user alone`, {
    hint: 'remove it, or name another folder for temporary files by TMPDIR or XDG_CACHE_HOME',
  });
}

/** Whether this is a folder, not a link to one, that belongs to this user and that no other user may write to. */
export async function isOwn(path: string): Promise<boolean> {
  const stats = await lstat(path);
  return stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o022) === 0;
}

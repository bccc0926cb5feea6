import { Buffer } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { errnoOf, fileError, fileTooLarge, orMissing } from './errno.ts';
import { walkPath } from './walk-path.ts';

const LARGEST_TEXT = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;
/** Milliseconds until a pipe has to have a writer, and until that has to write. */
const PATIENCE_MS = { open: 3000, write: 30_000 };
const PIPE_LOOK_MS = 20;

/**
 * See `Files.readText`. A pipe is read without ever blocking: the threads that a process has for files are few, and one that
 * waits for a writer would be lost to all other work.
 */
export async function readText(path: string, most = LARGEST_TEXT): Promise<string | undefined> {
  const opening = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const file = await orMissing(opening, { missing: undefined, action: 'read', path });
  if (!file) return undefined;
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    if (stats.isFile() && stats.size > most) throw fileTooLarge(path, most);
    return (await readBounded(file, { stats, path, most })).toString('utf8');
  } catch (error) {
    throw fileError(error, 'read', path);
  } finally {
    await file.close();
  }
}

interface Bounds {
  readonly stats: Stats;
  readonly path: string;
  readonly most: number;
}

async function readBounded(file: FileHandle, { stats, path, most }: Bounds): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let waited = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(stats.isFile() ? Math.max(stats.size - bytes + 1, CHUNK) : CHUNK);
    const count = await file.read(chunk, 0, chunk.length, null).then(
      ({ bytesRead }) => bytesRead,
      (error: unknown) => {
        if (errnoOf(error) === 'EAGAIN') return undefined;
        throw error;
      },
    );
    // A named pipe gives an end before its first writer has come.
    const mayCome = count === undefined || (count === 0 && bytes === 0 && stats.isFIFO());
    const patience = count === undefined ? PATIENCE_MS.write : PATIENCE_MS.open;
    if (mayCome && waited >= patience) throw silent(path, patience);
    if (mayCome) {
      await sleep(PIPE_LOOK_MS);
      waited += PIPE_LOOK_MS;
      continue;
    }
    if (count === 0 || count === undefined) return Buffer.concat(chunks);
    bytes += count;
    if (bytes > most) throw fileTooLarge(path, most);
    chunks.push(chunk.subarray(0, count));
    waited = 0;
  }
}

function silent(path: string, patience: number): PortfenceError {
  return new PortfenceError(
    'SYSTEM',
    `can't read ${scrub(path)}: it is a pipe, and nothing came within ${patience / 1000} s`,
    {
      ...{ hint: 'start what writes to it first, or name a file', errno: 'EAGAIN', path },
    },
  );
}

/** See `Files.readInput`. */
export async function readInput(most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > most) throw new RangeError(`more than ${most} bytes on standard input`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** See `Files.list`. */
export function list(path: string): Promise<readonly string[]> {
  return orMissing(readdir(path), { missing: [], action: 'list', path });
}

/** See `Files.linkTarget`. */
export function linkTarget(path: string): Promise<string | undefined> {
  return orMissing(readlink(path), { missing: undefined, action: 'read', path });
}

/** See `Files.pathIn`. */
export async function pathIn(root: string, path: string, { keepLast = false } = {}): Promise<string> {
  try {
    if (!keepLast) return walkPath(path, { root }).end;
    return join(walkPath(dirname(path), { root }).end, basename(path));
  } catch (error) {
    throw fileError(error, 'read', join(root, path));
  }
}

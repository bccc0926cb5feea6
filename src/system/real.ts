import { mkdir, open, readdir, readFile, readlink, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDetached } from './detached.ts';
import { watchFolder } from './folder-watch.ts';
import { follow, followSocket } from './follow.ts';
import { hold } from './held.ts';
import { http } from './http.ts';
import { readInput } from './input.ts';
import { lock } from './lock.ts';
import { replaceText } from './replace-text.ts';
import { run } from './run.ts';
import type { System } from './system.ts';
import { getJson } from './unix-http.ts';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

async function orMissing<T, M>(work: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

let written = 0;

async function writeText(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  written += 1;
  // Two writes of ours may be under way at once, each with a file of its own.
  const temporary = `${path}.${process.pid}.${written}.tmp`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isMissing(error)) return;
    if (!(error instanceof Error && 'code' in error && (error.code === 'EISDIR' || error.code === 'EPERM')))
      throw error;
    await rmdir(path).catch((problem: unknown) => {
      if (!(problem instanceof Error && 'code' in problem && problem.code === 'ENOTEMPTY')) throw problem;
    });
  }
}

/** The machine that this process runs on. */
export const realSystem: System = {
  run,
  hold,
  readText: (path) => orMissing(readFile(path, 'utf8'), undefined),
  readInput,
  writeText,
  replaceText,
  writeKernel: (path, text) => writeFile(path, text),
  remove,
  list: (path) => orMissing(readdir(path), []),
  linkTarget: (path) => orMissing(readlink(path), undefined),
  getJson,
  http,
  lock,
  follow,
  followSocket,
  watchFolder,
  startDetached,
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  },
  pid: process.pid,
  isRoot: process.geteuid?.() === 0,
  env: process.env,
};

/** A private folder for something that lives only as long as this process needs it. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

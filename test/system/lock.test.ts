import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock } from '../../src/system/lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('only one holds it at a time, and whoever waits gets it next', async () => {
  const path = join(folder, 'a', 'lock');
  const first = await lock(path, 0);
  expect(first).toBeDefined();
  expect(await lock(path, 0)).toBeUndefined();
  const waiting = lock(path, 5000);
  await first?.release();
  const second = await waiting;
  expect(second).toBeDefined();
  await second?.release();
});

test('a lock on a file that was removed meanwhile does not count', async () => {
  const path = join(folder, 'lock');
  const first = await lock(path, 0);
  const waiting = lock(path, 5000);
  await rm(path);
  await first?.release();
  const second = await waiting;
  expect(await lock(path, 0)).toBeUndefined();
  await second?.release();
});

test('where no file can be made it says so', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(lock(join(folder, 'file', 'lock'), 0)).rejects.toMatchObject({ code: 'SYSTEM' });
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock } from '../../src/system/lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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

test('only its owner may open the file of a lock', async () => {
  const path = join(folder, 'lock');
  const held = await lock(path, 0);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await held?.release();
});

test('where no file can be made it says so', async () => {
  await writeFile(join(folder, 'file'), '');
  const failure = (errno: string) => ({ code: 'SYSTEM', errno, hint: expect.any(String) });
  await expect(lock(join(folder, 'file', 'lock'), 0)).rejects.toMatchObject(failure('ENOTDIR'));
  await expect(lock(join(folder, 'file', 'in', 'lock'), 0)).rejects.toMatchObject(failure('ENOTDIR'));
});

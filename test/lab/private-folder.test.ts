import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { privateFolder } from '../../src/lab/private-folder.ts';
import { needs } from '../support/needs.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portfence-private-'));
  path = join(folder, 'tree');
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = { code: 'SYSTEM', message: expect.stringContaining('is not a folder of this user alone') };

test('a folder in a shared place is made for this user alone, also where it was readable before', async () => {
  await privateFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  chmodSync(path, 0o755);
  await privateFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a folder that others may write to, and a link to one, are refused', async () => {
  mkdirSync(path);
  chmodSync(path, 0o777);
  await expect(privateFolder(path)).rejects.toMatchObject(refused);
  rmSync(path, { recursive: true });
  symlinkSync(folder, path);
  await expect(privateFolder(path)).rejects.toMatchObject(refused);
});

needs('root')('with another user', () => {
  test("another user's folder is refused", async () => {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, 65_534, 65_534);
    await expect(privateFolder(path)).rejects.toMatchObject(refused);
  });
});

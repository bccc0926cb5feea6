import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeOutput } from '../../src/system/foreign-file.ts';
import { readText } from '../../src/system/read-file.ts';
import { writeText } from '../../src/system/write-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file that is written many times at once is whole, and nothing stays beside it', async () => {
  const path = join(folder, 'state.json');
  const texts = Array.from({ length: 20 }, (_, i) => `${i}\n`.repeat(1000));
  await Promise.all(texts.map((text) => writeText(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('what a killed process left half-written goes with the next write of that file, and nothing else goes', async () => {
  const gone = 2 ** 22 + 1; // No process has a number above PID_MAX_LIMIT.
  const others = [`other.${gone}.1.tmp`, `state.json.${process.pid}.999.tmp`, 'state.json.tmp'];
  for (const name of [`state.json.${gone}.1.tmp`, ...others]) await writeFile(join(folder, name), 'half');
  await writeText(join(folder, 'state.json'), 'whole');
  expect((await readdir(folder)).sort()).toEqual([...others, 'state.json'].sort());
});

test('a write that fails leaves nothing beside the file', async () => {
  const long = join(folder, 'x'.repeat(250));
  await expect(writeText(long, '')).rejects.toMatchObject({ code: 'SYSTEM', errno: 'ENAMETOOLONG', path: long });
  expect(await readdir(folder)).toEqual([]);
});

test('a full device is an error that says what to do', async () => {
  await expect(writeOutput('/dev/full', 'text')).rejects.toMatchObject({
    message: "can't write /dev/full: no space is left",
    hint: 'make room: `df -h` and `df -i` show what is full',
  });
});

test('output to a pipe is what its reader reads', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const [text] = await Promise.all([readFile(path, 'utf8'), writeOutput(path, 'text')]);
  expect([text, await readdir(folder)]).toEqual(['text', ['pipe']]);
});

test('an endless device is read no further than the bound', async () => {
  await expect(readText('/dev/zero', 1_000_000)).rejects.toMatchObject({
    message: "can't read /dev/zero: it is larger than 1000000 bytes",
  });
});

test('a pipe is read when its writer comes', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const [text] = await Promise.all([readText(path), writeFile(path, 'text')]);
  expect(text).toBe('text');
});

test('a pipe to which nothing writes is an error and blocks nothing else', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reads = Array.from({ length: 8 }, () => readText(path)); // More than there are threads for files.
  expect(await readText('/proc/self/stat')).toContain('(');
  for (const result of await Promise.allSettled(reads))
    expect(result).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('nothing came') } });
});

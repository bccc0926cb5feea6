import { expect, test } from 'vitest';
import { progress } from '../../src/cli/progress.ts';
import { inProcess } from '../support/in-process.ts';

test.each([
  [['--csv', '--json'], '--csv and --json exclude each other'],
  [['--csv', '--out-of-range'], '--csv is for the rows of --by; single connections come with --json'],
  [['--csv', '--hanging'], '--csv is for the rows of --by; single connections come with --json'],
])('flows %j is wrong usage', async (flags, message) => {
  await expect(inProcess(['flows', '--ports', '49152-61000', ...flags])).rejects.toMatchObject({
    ...{ code: 'USAGE', message },
  });
});

test.each([
  [true, ['100,001 connections read', '250,000 connections read']],
  [false, []],
])('progress is said each 100,000 connections where a person sees it: %s', (watched, expected) => {
  const said: string[] = [];
  const onProgress = progress({ watched, say: (line) => void said.push(line) });
  for (const entries of [1, 99_999, 100_001, 150_000, 200_000, 250_000]) onProgress(entries);
  expect(said).toEqual(expected);
});

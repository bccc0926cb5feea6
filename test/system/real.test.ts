import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { realSystem } from '../../src/system/real.ts';

test('a file that is written many times at once is whole, and nothing stays beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-real-'));
  const path = join(folder, 'state.json');
  const texts = Array.from({ length: 20 }, (_, i) => `${i}\n`.repeat(1000));
  await Promise.all(texts.map((text) => realSystem.writeText(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['state.json']);
  await rm(folder, { recursive: true });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchFolder } from '../../src/system/folder-watch.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-watch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('tells names in a folder, also in one that comes, goes, and comes again', async () => {
  const path = join(folder, 'docker', 'netns');
  const names: string[] = [];
  const watching = watchFolder(path, (name) => names.push(name));
  for (const round of ['a', 'b']) {
    names.length = 0;
    await mkdir(path, { recursive: true });
    await vi.waitFor(() => expect(names).toContain(''));
    await writeFile(join(path, round), '');
    await vi.waitFor(() => expect(names).toContain(round));
    await rm(join(folder, 'docker'), { recursive: true });
  }
  watching.close();
});

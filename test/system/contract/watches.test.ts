import { join, relative } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TREES, type Tree } from './trees.ts';

describe.each(TREES)('watches %s', (_, make) => {
  let tree: Tree;
  let calls: string[];
  let close: () => void;
  const at = (...parts: string[]): string => join(tree.folder, ...parts);
  const called = () => vi.waitFor(() => expect(calls.length).toBeGreaterThan(0));
  /** What the next change brings; what the last one still brings is gone by then. */
  const reported = async (change: () => void): Promise<void> => {
    await called();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    calls.length = 0;
    change();
    await called();
  };
  const file = (path: string): void => {
    ({ close } = tree.system.watchFile(path, () => calls.push('')));
  };
  const folder = (path: string): void => {
    ({ close } = tree.system.watchFolder(path, (name) => calls.push(name)));
  };
  beforeEach(() => {
    tree = make();
    calls = [];
  });
  afterEach(() => {
    close();
    tree.close();
  });

  test('a file is reported at the start, when its text changes, when it goes and when it comes', async () => {
    tree.file(at('policy'), 'one');
    file(at('policy'));
    expect(calls).toEqual([]); // Never before the watch has been given.
    await called();
    await reported(() => tree.file(at('policy'), 'two'));
    await reported(() => tree.remove(at('policy')));
    await reported(() => tree.file(at('policy'), 'three'));
  });

  test('a file whose folders come later is reported', async () => {
    file(at('etc', 'portfence', 'policy'));
    await reported(() => tree.folderAt(at('etc', 'portfence')));
    await reported(() => tree.file(at('etc', 'portfence', 'policy'), 'text'));
    await reported(() => tree.remove(at('etc')));
    await reported(() => tree.folderAt(at('etc', 'portfence')));
    await reported(() => tree.file(at('etc', 'portfence', 'policy'), 'text'));
  });

  test('a file with a relative path is followed', async () => {
    tree.file(at('policy'), 'one');
    file(relative(process.cwd(), at('policy')));
    await reported(() => tree.file(at('policy'), 'two'));
  });

  test('a link on the way that is set anew is reported, as Kubernetes swaps the folder of a ConfigMap', async () => {
    for (const version of ['one', 'two', 'three']) {
      tree.folderAt(at(version));
      tree.file(at(version, 'policy'), version);
    }
    tree.link(at('..data'), 'one');
    tree.link(at('policy'), '..data/policy');
    file(at('policy'));
    await reported(() => tree.swapLink(at('..data'), 'two'));
    expect(await tree.system.readText(at('policy'))).toBe('two');
    await reported(() => tree.swapLink(at('..data'), 'three'));
    await reported(() => tree.file(at('three', 'policy'), 'other'));
  });

  test('a text behind a link to another folder is reported', async () => {
    tree.folderAt(at('elsewhere'));
    tree.file(at('elsewhere', 'policy'), 'one');
    tree.folderAt(at('etc'));
    tree.link(at('etc', 'policy'), at('elsewhere', 'policy'));
    file(at('etc', 'policy'));
    await reported(() => tree.file(at('elsewhere', 'policy'), 'two'));
  });

  test('a file that becomes a folder or a pipe is reported, and so is what comes after it', async () => {
    tree.file(at('policy'), 'one');
    file(at('policy'));
    await reported(() => tree.remove(at('policy')));
    await reported(() => tree.folderAt(at('policy')));
    await reported(() => tree.remove(at('policy')));
    await reported(() => tree.pipe(at('policy')));
    await reported(() => tree.remove(at('policy')));
    await reported(() => tree.file(at('policy'), 'two'));
  });

  test('a circle of links is a file that is missing', async () => {
    tree.link(at('policy'), 'policy');
    file(at('policy'));
    await called();
  });

  test('names in a folder are reported, also in one that comes, goes and comes again', async () => {
    folder(at('docker', 'netns'));
    for (const name of ['one', 'two']) {
      tree.folderAt(at('docker', 'netns'));
      await vi.waitFor(() => expect(calls).toContain(''));
      calls.length = 0;
      tree.file(at('docker', 'netns', name), '');
      await vi.waitFor(() => expect(calls).toContain(name));
      tree.remove(at('docker'));
    }
  });

  test('a folder that is there is reported at the start, with an empty name', async () => {
    folder(tree.folder);
    expect(calls).toEqual([]);
    await vi.waitFor(() => expect(calls).toEqual(['']));
  });

  test('a folder behind a link is followed, and so is the link', async () => {
    tree.folderAt(at('one'));
    tree.folderAt(at('two'));
    tree.link(at('run'), 'one');
    folder(at('run'));
    await reported(() => tree.file(at('one', 'a'), ''));
    expect(calls).toContain('a');
    await reported(() => tree.swapLink(at('run'), 'two'));
    await reported(() => tree.file(at('two', 'b'), ''));
    expect(calls).toContain('b');
  });

  test('a closed watch is silent', async () => {
    file(at('policy'));
    await called();
    close();
    calls.length = 0;
    const seen: string[] = [];
    const other = tree.system.watchFolder(tree.folder, (name) => seen.push(name));
    tree.file(at('policy'), 'text');
    await vi.waitFor(() => expect(seen).toContain('policy'));
    other.close();
    expect(calls).toEqual([]);
  });
});

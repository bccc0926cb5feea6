import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TREES, type Tree } from './trees.ts';

const failure = (errno: string, path: string) => ({ code: 'SYSTEM', errno, path, hint: expect.any(String) });

describe.each(TREES)('files %s', (_, make) => {
  let tree: Tree;
  const at = (...parts: string[]): string => join(tree.folder, ...parts);
  beforeEach(() => {
    tree = make();
  });
  afterEach(() => tree.close());

  test('a text is read through symbolic links, also absolute ones and links to folders', async () => {
    tree.folderAt(at('real'));
    tree.file(at('real', 'file'), 'text');
    tree.link(at('near'), 'real');
    tree.link(at('far'), at('near', 'file'));
    expect(await tree.system.readText(at('far'))).toBe('text');
    expect(await tree.system.readText(at('near', 'file'))).toBe('text');
    expect(await tree.system.list(at('near'))).toEqual(['file']);
  });

  test('missing is ENOENT and nothing else', async () => {
    tree.file(at('file'), '');
    tree.folderAt(at('folder'));
    tree.link(at('circle'), 'circle');
    tree.link(at('nowhere'), 'nothing');
    expect(await tree.system.readText(at('nothing'))).toBeUndefined();
    expect(await tree.system.readText(at('nowhere'))).toBeUndefined();
    expect(await tree.system.list(at('nothing', 'below'))).toEqual([]);
    expect(await tree.system.linkTarget(at('nothing'))).toBeUndefined();
    const reads: [string, string][] = [
      ['ENOTDIR', at('file', 'below')],
      ['EISDIR', at('folder')],
      ['ELOOP', at('circle')],
    ];
    for (const [errno, path] of reads)
      await expect(tree.system.readText(path)).rejects.toMatchObject(failure(errno, path));
    await expect(tree.system.list(at('file'))).rejects.toMatchObject(failure('ENOTDIR', at('file')));
  });

  test('a text that is larger than the reader takes is refused', async () => {
    tree.file(at('file'), 'x'.repeat(100));
    expect(await tree.system.readText(at('file'), 100)).toHaveLength(100);
    await expect(tree.system.readText(at('file'), 99)).rejects.toMatchObject(failure('EFBIG', at('file')));
  });

  test('our own file is written with its mode, and its folder is made', async () => {
    await tree.system.writeText(at('new', 'folder', 'file'), 'one');
    expect([await tree.system.readText(at('new', 'folder', 'file')), tree.modeOf(at('new', 'folder', 'file'))]).toEqual(
      ['one', 0o600],
    );
    await tree.system.writeText(at('new', 'folder', 'file'), 'two', 0o644);
    expect([await tree.system.readText(at('new', 'folder', 'file')), tree.modeOf(at('new', 'folder', 'file'))]).toEqual(
      ['two', 0o644],
    );
    expect(await tree.system.list(at('new', 'folder'))).toEqual(['file']);
  });

  test('our own file takes the place of a symbolic link and leaves its target', async () => {
    tree.file(at('target'), 'target');
    tree.link(at('file'), 'target');
    await tree.system.writeText(at('file'), 'ours');
    expect([tree.kindOf(at('file')), await tree.system.readText(at('target'))]).toEqual(['file', 'target']);
  });

  test('a file can not be written over a folder or below a file', async () => {
    tree.folderAt(at('folder'));
    tree.file(at('file'), 'text');
    await expect(tree.system.writeText(at('folder'), '')).rejects.toMatchObject(failure('EISDIR', at('folder')));
    await expect(tree.system.writeText(at('file', 'below'), '')).rejects.toMatchObject({ errno: 'ENOTDIR' });
    expect(await tree.system.list(tree.folder)).toEqual(expect.arrayContaining(['file', 'folder']));
    expect(await tree.system.list(tree.folder)).toHaveLength(2);
  });

  test('output goes into a new file, and keeps the mode of one that is there', async () => {
    await tree.system.writeOutput(at('out'), 'one');
    expect([await tree.system.readText(at('out')), tree.modeOf(at('out'))]).toEqual(['one', 0o644]);
    await tree.system.writeText(at('private'), '', 0o600);
    await tree.system.writeOutput(at('private'), 'two');
    expect([await tree.system.readText(at('private')), tree.modeOf(at('private'))]).toEqual(['two', 0o600]);
  });

  test('output goes through a symbolic link, which stays', async () => {
    tree.folderAt(at('folder'));
    tree.file(at('folder', 'target'), '');
    tree.link(at('link'), 'folder/target');
    tree.link(at('new'), 'folder/later');
    await tree.system.writeOutput(at('link'), 'text');
    await tree.system.writeOutput(at('new'), 'later');
    expect([tree.kindOf(at('link')), await tree.system.readText(at('folder', 'target'))]).toEqual(['link', 'text']);
    expect([tree.kindOf(at('new')), await tree.system.readText(at('folder', 'later'))]).toEqual(['link', 'later']);
  });

  test('output to a device leaves a device', async () => {
    tree.device(at('null'));
    tree.link(at('link'), 'null');
    await tree.system.writeOutput(at('null'), 'text');
    await tree.system.writeOutput(at('link'), 'text');
    expect([tree.kindOf(at('null')), tree.kindOf(at('link'))]).toEqual(['device', 'link']);
    expect(await tree.system.list(tree.folder)).toHaveLength(2);
  });

  test('output into a missing folder is an error, and the folder is not made', async () => {
    const path = at('missing', 'out');
    await expect(tree.system.writeOutput(path, '')).rejects.toMatchObject(failure('ENOENT', path));
    await expect(tree.system.writeOutput(tree.folder, '')).rejects.toMatchObject(failure('EISDIR', tree.folder));
    expect(tree.kindOf(at('missing'))).toBe('nothing');
  });

  test("another program's file is replaced behind its link, unless the look at the new text refuses it", async () => {
    tree.file(at('target'), 'old');
    tree.link(at('link'), 'target');
    const inspect = async (temporary: string): Promise<void> => {
      if ((await tree.system.readText(temporary)) === 'bad') throw new Error('refused');
    };
    await expect(tree.system.replaceText(at('link'), 'bad', { inspect })).rejects.toThrow('refused');
    expect(await tree.system.readText(at('target'))).toBe('old');
    await tree.system.replaceText(at('link'), 'new', { inspect });
    expect([tree.kindOf(at('link')), await tree.system.readText(at('target'))]).toEqual(['link', 'new']);
    expect(await tree.system.list(tree.folder)).toHaveLength(2);
  });

  test('a link is removed and its target stays; a folder goes only when it is empty', async () => {
    tree.folderAt(at('folder'));
    tree.file(at('folder', 'target'), '');
    tree.link(at('link'), 'folder/target');
    for (const name of ['link', 'nothing', 'folder']) await tree.system.remove(at(name));
    expect([tree.kindOf(at('link')), tree.kindOf(at('folder', 'target'))]).toEqual(['nothing', 'file']);
    await tree.system.remove(at('folder', 'target'));
    await tree.system.remove(at('folder'));
    expect(tree.kindOf(at('folder'))).toBe('nothing');
  });

  test('a removal that fails says so', async () => {
    tree.file(at('file'), '');
    await expect(tree.system.remove(at('file', 'below'))).rejects.toMatchObject(
      failure('ENOTDIR', at('file', 'below')),
    );
  });

  test('no link of another tree leads out of it', async () => {
    const root = at('image');
    tree.folderAt(join(root, 'usr/etc'));
    tree.link(join(root, 'etc'), '/usr/etc');
    tree.link(join(root, 'up'), '../../../../outside');
    tree.link(join(root, 'usr/etc/policy'), '/etc/shadow');
    const paths = ['/etc/new', '/up/file', '/etc/policy', '/../../x'];
    expect(await Promise.all(paths.map((path) => tree.system.pathIn(root, path)))).toEqual(
      ['usr/etc/new', 'outside/file', 'usr/etc/shadow', 'x'].map((path) => join(root, path)),
    );
    expect(await tree.system.pathIn(root, '/etc/policy', { keepLast: true })).toBe(join(root, 'usr/etc/policy'));
  });
});

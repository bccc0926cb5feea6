import { basename, dirname, join, resolve } from 'node:path';
import { PortfenceError } from '../../../src/errors.ts';
import { type FileAction, fileError, fileTooLarge } from '../../../src/system/errno.ts';
import type { Files } from '../../../src/system/system.ts';
import { walkPath } from '../../../src/system/walk-path.ts';
import type { FileTree } from './file-tree.ts';

const LARGEST_TEXT = 64 * 1024 * 1024;

/** What was done to files, in order. */
export interface FileCalls {
  readonly written: { readonly path: string; readonly text: string; readonly to: 'file' | 'kernel' | 'command' }[];
  readonly removed: string[];
}

/** Files of a tree in memory. Errors are those of the real files, word by word. */
export function fakeFiles(tree: FileTree, { calls, input = '' }: { calls: FileCalls; input?: string }): Files {
  const fail = (errno: string, action: FileAction, path: string): never => {
    throw fileError(Object.assign(new Error(`${errno}: ${path}`), { code: errno }), action, path);
  };
  /** Where the path leads; undefined where nothing is. Throws what keeps the kernel from getting there. */
  const find = (path: string, action: FileAction): string | undefined => {
    const failure = tree.failureAt(path);
    if (failure !== undefined) fail(failure, action, path);
    const { end, exists } = walk(path, action);
    if (exists) return end;
    let above = dirname(end);
    while (!tree.kindAt(above)) above = dirname(above);
    if (tree.kindAt(above) !== 'folder') fail('ENOTDIR', action, path);
    return undefined;
  };
  const walk = (path: string, action: FileAction) => {
    try {
      return tree.walk(path);
    } catch (error) {
      throw fileError(error, action, path);
    }
  };
  /** The path with the links in its folder followed, its own name kept. */
  const named = (path: string, action: FileAction): string => {
    const folder = find(dirname(resolve(path)), action);
    return join(folder ?? dirname(resolve(path)), basename(path));
  };
  const put = (path: string, text: string, to: 'file' | 'kernel' = 'file'): void => {
    calls.written.push({ path, text, to });
  };
  const replace = (path: string, text: string, mode: number): void => {
    const at = named(path, 'write');
    if (tree.kindAt(at) === 'folder') fail('EISDIR', 'write', path);
    tree.make('file', at === resolve(path) ? path : at, text);
    tree.modes.set(at, mode);
  };
  return {
    readText: async (path, most = LARGEST_TEXT) => {
      const at = find(path, 'read');
      if (at === undefined) return undefined;
      if (tree.kindAt(at) === 'folder') fail('EISDIR', 'read', path);
      const text = tree.textAt(at) ?? '';
      if (Buffer.byteLength(text) > most) throw fileTooLarge(path, most);
      return text;
    },
    readInput: async (most) => {
      if (Buffer.byteLength(input) > most) throw new RangeError(`more than ${most} bytes on standard input`);
      return input;
    },
    writeText: async (path, text, mode = 0o600) => {
      find(path, 'write');
      put(path, text);
      replace(path, text, mode);
    },
    writeOutput: async (path, text) => {
      const at = find(path, 'write');
      const folder = dirname(resolve(path));
      if (at === undefined && find(folder, 'write') === undefined)
        throw new PortfenceError('SYSTEM', `can't write ${path}: the folder ${dirname(path)} does not exist`, {
          ...{ hint: `make it first: mkdir -p ${dirname(path)}`, errno: 'ENOENT', path },
        });
      const target = at ?? walk(path, 'write').end;
      if (tree.kindAt(target) === 'folder') fail('EISDIR', 'write', path);
      put(path, text);
      if (tree.kindAt(target) === 'device') return;
      replace(target === resolve(path) ? path : target, text, tree.modes.get(target) ?? 0o644);
    },
    replaceText: async (path, text, { inspect, like = path }) => {
      const at = find(path, 'write');
      if (at === undefined && tree.kindAt(named(path, 'write')) === 'link')
        throw new PortfenceError('SYSTEM', `${path} is a symbolic link that leads nowhere`, {
          hint: 'make the file that it names, or remove the link',
        });
      const temporary = `${path}.tmp`;
      tree.texts.set(temporary, text);
      try {
        await inspect?.(temporary);
      } finally {
        tree.texts.delete(temporary);
      }
      put(path, text);
      const model = find(like, 'write');
      replace(at === undefined || at === resolve(path) ? path : at, text, tree.modes.get(model ?? '') ?? 0o644);
    },
    writeKernel: async (path, text) => {
      put(path, text, 'kernel');
      if (!tree.texts.has(path)) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      tree.texts.set(path, `${text}\n`);
    },
    remove: async (path) => {
      const failure = tree.failureAt(path);
      if (failure !== undefined) fail(failure, 'remove', path);
      const at = named(path, 'remove');
      calls.removed.push(path);
      const kind = tree.kindAt(at);
      const parent = tree.kindAt(dirname(at));
      if (parent !== undefined && parent !== 'folder') fail('ENOTDIR', 'remove', path);
      if (kind === undefined || (kind === 'folder' && tree.namesIn(at).length > 0)) return;
      tree.remove(at);
    },
    list: async (path) => {
      const at = find(path, 'list');
      if (at === undefined) return [];
      if (tree.kindAt(at) !== 'folder') fail('ENOTDIR', 'list', path);
      return tree.namesIn(at);
    },
    linkTarget: async (path) => {
      const at = named(path, 'read');
      const kind = tree.kindAt(at);
      if (kind !== undefined && kind !== 'link') fail('EINVAL', 'read', path);
      return tree.linkAt(at);
    },
    pathIn: async (root, path, options) => {
      const look = (at: string) => tree.linkAt(at) ?? (tree.kindAt(at) ? true : undefined);
      if (!options?.keepLast) return walkPath(path, { root, look }).end;
      return join(walkPath(dirname(path), { root, look }).end, basename(path));
    },
  };
}

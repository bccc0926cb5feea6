import { resolve } from 'node:path';
import type { Watch, Watches } from '../../../src/system/system.ts';
import type { FileTree } from './file-tree.ts';

/** Watches of a tree in memory. `feeds` lets a test report a name by itself, under the path that is watched. */
export function fakeWatches(tree: FileTree, feeds: Map<string, (line: string) => void>): Watches {
  const start = (path: string, contents: boolean, onName: (name: string) => void): Watch => {
    const walkOf = () => {
      try {
        return tree.walk(path);
      } catch {
        return { steps: [], end: resolve(path), exists: false };
      }
    };
    let walk = walkOf();
    let closed = false;
    const report = (name: string): void => queueMicrotask(() => closed || onName(name));
    feeds.set(path, onName);
    const stop = tree.onChange((folder, name) => {
      if (walk.steps.some((step) => step.folder === folder && step.name === name)) {
        walk = walkOf();
        report('');
      } else if (contents && folder === walk.end) report(name);
    });
    if (!contents || walk.exists) report('');
    return {
      close: () => {
        closed = true;
        stop();
        feeds.delete(path);
      },
    };
  };
  return {
    watchFolder: (path, onName) => start(path, true, onName),
    watchFile: (path, onChange) => start(path, false, onChange),
  };
}

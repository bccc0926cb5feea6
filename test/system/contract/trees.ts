import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realSystem } from '../../../src/system/real.ts';
import type { Files, Watches } from '../../../src/system/system.ts';
import { scriptedSystem } from '../../support/scripted-system.ts';

/** A tree of files that a contract is tried on, and the hands that change it from outside. */
export interface Tree {
  readonly system: Files & Watches;
  /** A folder that is there and empty. */
  readonly folder: string;
  folderAt(path: string): void;
  file(path: string, text: string): void;
  link(path: string, target: string): void;
  /** Sets a link anew in one step, as Kubernetes does. */
  swapLink(path: string, target: string): void;
  /** A character device that takes whatever is written. */
  device(path: string): void;
  /** A named pipe to which nothing writes. */
  pipe(path: string): void;
  remove(path: string): void;
  kindOf(path: string): 'file' | 'link' | 'folder' | 'device' | 'other' | 'nothing';
  /** Permission bits of a file. */
  modeOf(path: string): number;
  close(): void;
}

function realTree(): Tree {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
  const kindOf: Tree['kindOf'] = (path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return 'nothing';
    if (stats.isSymbolicLink()) return 'link';
    if (stats.isDirectory()) return 'folder';
    if (stats.isFile()) return 'file';
    return stats.isCharacterDevice() ? 'device' : 'other';
  };
  return {
    ...{ system: realSystem, folder, kindOf },
    folderAt: (path) => void mkdirSync(path, { recursive: true }),
    file: (path, text) => writeFileSync(path, text),
    link: (path, target) => symlinkSync(target, path),
    swapLink: (path, target) => {
      symlinkSync(target, `${path}_tmp`);
      renameSync(`${path}_tmp`, path);
    },
    device: (path) => void execFileSync('mknod', [path, 'c', '1', '3']),
    pipe: (path) => void execFileSync('mkfifo', [path]),
    remove: (path) => rmSync(path, { recursive: true }),
    modeOf: (path) => statSync(path).mode & 0o7777,
    close: () => existsSync(folder) && rmSync(folder, { recursive: true }),
  };
}

function fakeTree(): Tree {
  const folder = '/tmp/portfence-contract';
  const system = scriptedSystem({ folders: [folder] });
  const { tree } = system;
  return {
    ...{ system, folder },
    folderAt: (path) => tree.make('folder', path),
    file: (path, text) => tree.make('file', tree.walk(path).end, text),
    link: (path, target) => tree.make('link', path, target),
    swapLink: (path, target) => tree.make('link', path, target),
    device: (path) => tree.make('device', path),
    pipe: (path) => tree.make('pipe', path),
    remove: (path) => tree.remove(path),
    kindOf: (path) => {
      const kind = tree.kindAt(path) ?? 'nothing';
      return kind === 'pipe' ? 'other' : kind;
    },
    modeOf: (path) => tree.modes.get(tree.walk(path).end) ?? 0,
    close: () => {},
  };
}

/** Both sides of a contract. Only root can make a device. */
export const TREES = [
  ['on the machine', realTree],
  ['in the fake', fakeTree],
] as const;

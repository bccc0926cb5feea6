import { basename, dirname, resolve } from 'node:path';
import { type Walk, walkPath } from '../../../src/system/walk-path.ts';

/** What can be at a path. */
type Kind = 'file' | 'link' | 'folder' | 'device' | 'pipe';

/** The files that are there at the start. */
export interface TreeScript {
  /** Texts of files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Targets of symbolic links by path. */
  readonly links?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  readonly devices?: readonly string[];
  /** Paths that can't be used, each with the error number of every attempt. */
  readonly failures?: Readonly<Record<string, string>>;
}

/** A tree of files in memory, with symbolic links, devices, and listeners as inotify has them. */
export interface FileTree {
  /** Texts under the names that they were given; a relative name stays so. */
  readonly texts: Map<string, string>;
  readonly modes: Map<string, number>;
  walk(path: string): Walk;
  kindAt(path: string): Kind | undefined;
  linkAt(path: string): string | undefined;
  textAt(path: string): string | undefined;
  failureAt(path: string): string | undefined;
  namesIn(folder: string): readonly string[];
  /** Makes a folder with its parents, a file, a link or a device; what is there under the name is replaced. */
  make(kind: Kind, path: string, content?: string): void;
  remove(path: string): void;
  /** Calls with the folder and the name of whatever appears, changes or goes. */
  onChange(listener: (folder: string, name: string) => void): () => void;
}

/** Makes the tree of a script. Paths of calls are absolute after `resolve`, and hold no links but at their end. */
export function fileTree(script: TreeScript): FileTree {
  const texts = new Map(Object.entries(script.files ?? {}));
  const [links, modes] = [new Map<string, string>(), new Map<string, number>()];
  const [folders, devices, pipes] = [new Set<string>(['/']), new Set<string>(), new Set<string>()];
  const failures = new Map(Object.entries(script.failures ?? {}).map(([path, errno]) => [resolve(path), errno]));
  const listeners = new Set<(folder: string, name: string) => void>();
  const keyOf = (path: string): string | undefined => [...texts.keys()].find((key) => resolve(key) === path);
  const all = (): readonly string[] => [
    ...[...texts.keys()].map((key) => resolve(key)),
    ...[...links.keys(), ...folders, ...devices, ...pipes],
  ];
  const kindAt = (path: string): Kind | undefined => {
    if (links.has(path)) return 'link';
    if (devices.has(path)) return 'device';
    if (pipes.has(path)) return 'pipe';
    if (keyOf(path) !== undefined) return 'file';
    return folders.has(path) || all().some((one) => one.startsWith(`${path}/`)) ? 'folder' : undefined;
  };
  const changed = (path: string): void => {
    for (const listener of [...listeners]) listener(dirname(path), basename(path));
  };
  const forget = (path: string): void => {
    const key = keyOf(path);
    if (key !== undefined) texts.delete(key);
    for (const set of [links, folders, devices, pipes, modes]) set.delete(path);
  };
  const makeFolder = (path: string): void => {
    if (path === '/' || folders.has(path)) return;
    makeFolder(dirname(path));
    folders.add(path);
    changed(path);
  };
  const make: FileTree['make'] = (kind, given, content = '') => {
    const path = resolve(given);
    makeFolder(dirname(path));
    if (kind === 'folder') {
      for (const set of [links, devices, pipes]) set.delete(path);
      const key = keyOf(path);
      if (key !== undefined) texts.delete(key);
      return makeFolder(path);
    }
    const key = keyOf(path) ?? given;
    const mode = modes.get(path);
    forget(path);
    if (kind === 'link') links.set(path, content);
    else if (kind === 'file') texts.set(key, content);
    else (kind === 'device' ? devices : pipes).add(path);
    if (mode !== undefined) modes.set(path, mode);
    changed(path);
  };
  for (const [path, target] of Object.entries(script.links ?? {})) make('link', path, target);
  for (const path of script.folders ?? []) make('folder', path);
  for (const path of script.devices ?? []) make('device', path);
  for (const path of texts.keys()) makeFolder(dirname(resolve(path)));
  return {
    ...{ texts, modes, make, kindAt },
    walk: (path) => walkPath(resolve(path), { look: (at) => links.get(at) ?? (kindAt(at) ? true : undefined) }),
    linkAt: (path) => links.get(path),
    textAt: (path) => texts.get(keyOf(path) ?? ''),
    failureAt: (path) => failures.get(resolve(path)),
    namesIn: (folder) => {
      const start = folder === '/' ? '/' : `${folder}/`;
      const inside = all().filter((path) => path !== '/' && path.startsWith(start));
      return [...new Set(inside.map((path) => path.slice(start.length).split('/')[0] ?? ''))].sort();
    },
    remove: (given) => {
      const path = resolve(given);
      for (const one of all().filter((other) => other.startsWith(`${path}/`))) forget(one);
      forget(path);
      changed(path);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One look-up on the way along a path. */
export interface Step {
  /** The folder, without symbolic links. */
  readonly folder: string;
  readonly name: string;
}

/** The way that the kernel takes along a path. */
export interface Walk {
  readonly steps: readonly Step[];
  /** Where the path leads, without symbolic links; what does not exist yet is appended as it is written. */
  readonly end: string;
  readonly exists: boolean;
}

export interface WalkOptions {
  /** The folder that the path is taken in; `/` unless given. */
  readonly root?: string;
  readonly look?: LookUp;
}

/** What is there: a symbolic link's target, true for another kind of file, undefined for nothing. */
type LookUp = (path: string) => string | true | undefined;

/** The kernel follows as many symbolic links in one path (MAXSYMLINKS in namei.h). */
const MOST_LINKS = 40;

/**
 * Walks an absolute path component by component. Absolute links and `..` stay inside `root`, as for a process that has it as
 * its root (openat2(2), RESOLVE_IN_ROOT). `end` and the folders are paths of this process. Throws ELOOP for too many links.
 */
export function walkPath(path: string, { root = '/', look = lookUp }: WalkOptions = {}): Walk {
  const base = root.replace(/\/+$/, '');
  const steps: Step[] = [];
  const ahead = componentsOf(path);
  let at = '/';
  let exists = true;
  let links = 0;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const folder = `${base}${at === '/' ? '' : at}` || '/';
    const target = exists ? look(join(folder, name)) : undefined;
    if (exists) steps.push({ folder, name });
    if (target === undefined) exists = false;
    if (typeof target === 'string') {
      links += 1;
      if (links > MOST_LINKS) throw Object.assign(new Error(path), { code: 'ELOOP' });
      if (target.startsWith('/')) at = '/';
      ahead.unshift(...componentsOf(target));
    } else at = join(at, name);
  }
  return { steps, end: `${base}${at === '/' ? '' : at}` || '/', exists };
}

const componentsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

const lookUp: LookUp = (path) => {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : true;
  } catch {
    return undefined; // What can't be seen is as good as missing here; using the path says why.
  }
};

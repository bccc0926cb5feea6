import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

/** The files of the system that an installation is for, by their paths there. Each call throws SYSTEM as `Files` do. */
export interface InstallTree {
  readText(path: string): Promise<string | undefined>;
  writeText(path: string, text: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Whether a file, or a symbolic link to anywhere, has this path. */
  isThere(path: string): Promise<boolean>;
  /** Throws SYSTEM where another program that takes this path in the tree would be led out of it by a symbolic link. */
  requireInside(path: string): Promise<void>;
  /** Throws SYSTEM with what serves instead where this host lets no file come to be at this path. */
  requireWritable(path: string): Promise<void>;
}

/** A constant: whether the folder of a file, or the one in which it would be made, can be written to. */
const CAN_BE_WRITTEN = 'at=$(dirname "$1"); until [ -e "$at" ]; do at=$(dirname "$at"); done; [ -w "$at" ]';

/**
 * The files of this host, or of an image in the folder `root`. An image's symbolic links mean what they mean where it runs:
 * none leads out of the folder, and a link in the place of a file of ours is replaced or removed itself.
 */
export function treeOf(system: System, root: string | undefined): InstallTree {
  const at = async (path: string): Promise<string> => (root === undefined ? path : system.pathIn(root, path));
  const own = async (path: string): Promise<string> =>
    root === undefined ? path : system.pathIn(root, path, { keepLast: true });
  return {
    readText: async (path) => system.readText(await at(path)),
    writeText: async (path, text, mode) => system.writeText(await own(path), text, mode),
    remove: async (path) => system.remove(await own(path)),
    isThere: async (path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const file = await own(path);
      return (await system.list(file.slice(0, -name.length - 1) || '/')).includes(name);
    },
    requireInside: async (path) => {
      if (root === undefined) return;
      const real = await system.pathIn('/', root);
      if ((await system.pathIn(real, path)) === (await system.pathIn('/', `${real}${path}`))) return;
      throw new PortfenceError('SYSTEM', `a symbolic link leads from ${scrub(root + path)} out of the image`, {
        hint: 'make the link a relative one: systemctl would follow it on this host',
      });
    },
    requireWritable: async (path) => {
      if (root !== undefined) return; // Nothing has been done yet when the first file of an image is refused.
      const { code } = await system.run(['sh', '-c', CAN_BE_WRITTEN, 'sh', path]);
      if (code === 0) return;
      throw new PortfenceError('SYSTEM', `${path} can't be written: the folder is read-only`, {
        hint: 'bring the files with the image that this host boots from (--root DIR), or start `portfence agent` by what boots it',
      });
    },
  };
}

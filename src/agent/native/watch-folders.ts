import { observeNamespaceMounts } from '../../observe/mounts.ts';
import type { System } from '../../system/system.ts';
import { isContainer, type NamespaceFolder } from './namespace-folders.ts';

/** Milliseconds in which events gather before the folders are read again: a name that went must be forgotten. */
const SWEEP_MS = 500;
/** Milliseconds before each of the looks into a folder that has just come; a name can be there 45 ms before its namespace. */
const FIRST_SWEEPS_MS = [0, 5, 5, 10, 20, 40];

export interface FolderListener {
  /** A container's namespace is there, or is about to be; called again for one that is known. */
  readonly found: (path: string) => void;
  /** The name is no longer in its folder. */
  readonly gone: (path: string) => void;
  /** Paths that `gone` is called for when they are gone. */
  readonly known: () => Iterable<string>;
  readonly onPolling?: ((reason: Error) => void) | undefined;
}

/** Watches of the folders in which engines mount the network namespaces of containers. */
export interface NamespaceFolders {
  add(folder: NamespaceFolder): void;
  /** Reads all folders now. Throws SYSTEM. */
  sweep(): Promise<void>;
  /** Reads them soon, in the background. */
  sweepSoon(): void;
  all(): readonly NamespaceFolder[];
  close(): void;
}

/** Opens the watches; none of the background work throws. */
export function watchNamespaceFolders(system: System, listener: FolderListener): NamespaceFolders {
  const { found, gone, known, onPolling } = listener;
  const folders = new Map<string, { readonly folder: NamespaceFolder; readonly close: () => void }>();
  const note = (folder: NamespaceFolder, name: string): void => {
    if (isContainer(folder, name)) found(`${folder.path}/${name}`);
  };
  /** A name without a namespace is a container that ended, which Docker leaves for a minute: waiting for it would be in vain. */
  const sweep = async (): Promise<void> => {
    const present = new Set<string>();
    const before = [...known()]; // What comes while we read is not gone.
    const mounted = await mountedNames(system);
    for (const { folder } of folders.values()) {
      for (const name of await system.list(folder.path)) {
        present.add(`${folder.path}/${name}`);
        if (mounted.has(name)) note(folder, name);
      }
    }
    for (const path of before) if (!present.has(path)) gone(path);
  };
  let sweeping = false;
  const sweepSoon = (): void => {
    if (sweeping) return;
    sweeping = true;
    const work = async (): Promise<void> => {
      await system.sleep(SWEEP_MS);
      sweeping = false;
      await sweep();
    };
    void work().catch(() => {}); // The next look sweeps again, and reports what is wrong.
  };
  /** When the folder itself has come, the first container is in it already, maybe without its namespace yet. */
  const sweepOften = async (): Promise<void> => {
    for (const pause of FIRST_SWEEPS_MS) {
      await system.sleep(pause);
      await sweep();
    }
  };
  return {
    add: (folder) => {
      if (folders.has(folder.path)) return;
      const onName = (name: string): void => {
        if (name === '') void sweepOften().catch(() => {});
        else note(folder, name);
        sweepSoon();
      };
      folders.set(folder.path, { folder, close: system.watchFolder(folder.path, onName, { onPolling }).close });
    },
    sweep,
    sweepSoon,
    all: () => [...folders.values()].map(({ folder }) => folder),
    close: () => {
      for (const { close } of folders.values()) close();
    },
  };
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** By name alone: engines know folders by other paths than the kernel (/var/run is a link). */
export async function mountedNames(system: System): Promise<ReadonlySet<string>> {
  return new Set([...(await observeNamespaceMounts(system))].map(nameOf));
}

import type { Policy } from '../../policy/policy.ts';
import type { System } from '../../system/system.ts';
import { giftOf, takeBack } from './gift.ts';
import { isContainer, type NamespaceFolder } from './owned.ts';
import { type Gift, openEntrance } from './resident.ts';

/** A namespace whose range is somebody's choice and stays. */
export interface Kept {
  readonly path: string;
  readonly range: string;
}

export interface NativeLayer {
  /** Gives every container the range of this policy, from now on; undefined takes it back. Settles when all have it. */
  want(policy: Policy | undefined): Promise<void>;
  counts(): { readonly given: number; readonly kept: readonly Kept[] };
  stop(): Promise<void>;
}

/**
 * Watches the folders of engines and gives each container's namespace the allowed range before its process starts: engines
 * mount the namespace first. A value that is not the kernel's default, and not ours, is somebody's choice.
 */
export function watchNamespaces(system: System, folders: readonly NamespaceFolder[]): NativeLayer {
  const entrance = openEntrance(system);
  const earlier: Gift[] = [];
  const known = new Map<string, Promise<void>>();
  const kept = new Map<string, string>();
  let gift: Gift | undefined;

  const give = async (path: string): Promise<void> => {
    if (!gift) return;
    const { outcome, range } = await entrance.give(path, gift);
    if (outcome === 'gone') known.delete(path);
    if (outcome === 'kept') kept.set(path, range.replaceAll('\t', ' '));
    else kept.delete(path);
  };
  const note = (folder: NamespaceFolder, name: string): void => {
    const path = `${folder.path}/${name}`;
    if (!isContainer(folder, name) || known.has(path)) return;
    known.set(path, give(path));
  };
  const sweep = async (): Promise<void> => {
    const present = new Set<string>();
    for (const folder of folders) {
      for (const name of await system.list(folder.path)) {
        present.add(`${folder.path}/${name}`);
        note(folder, name);
      }
    }
    for (const path of known.keys()) {
      if (present.has(path)) continue;
      known.delete(path);
      kept.delete(path);
    }
  };
  let sweeping: Promise<void> | undefined;
  const sweepSoon = (): Promise<void> => {
    sweeping ??= system.sleep(SWEEP_MS).then(async () => {
      sweeping = undefined;
      await sweep();
    });
    return sweeping;
  };
  const watches = folders.map((folder) =>
    system.watchFolder(folder.path, (name) => {
      // The folder itself has come: engines make it with their first container, which is in it already.
      if (name === '') void sweep();
      else note(folder, name);
      void sweepSoon();
    }),
  );
  return {
    want: async (policy) => {
      const next = policy ? giftOf(policy, earlier) : takeBack(earlier);
      if (JSON.stringify(next) === JSON.stringify(gift)) return;
      gift = next;
      known.clear();
      await sweep();
      await Promise.all(known.values());
      if (gift && !earlier.some(({ range }) => range === gift?.range)) earlier.push(gift);
    },
    counts: () => ({ given: known.size - kept.size, kept: [...kept].map(([path, range]) => ({ path, range })) }),
    stop: async () => {
      for (const watch of watches) watch.close();
      await entrance.stop();
    },
  };
}

/** Milliseconds in which events gather before the folders are read again: a name that went must be forgotten. */
const SWEEP_MS = 500;

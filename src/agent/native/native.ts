import { observeNamespaceMounts } from '../../observe/mounts.ts';
import type { Policy } from '../../policy/policy.ts';
import type { System } from '../../system/system.ts';
import { giftOf, KERNEL_DEFAULTS, SETTING_NAMES, SETTINGS, type Values, valuesOf } from './gift.ts';
import { forgetNativeMemory, readNativeMemory, writeNativeMemory } from './memory.ts';
import { isContainer, type NamespaceFolder } from './owned.ts';
import { type Given, openEntrance } from './resident.ts';
import { knowSandboxes } from './sandboxes.ts';

/** A namespace with settings that are not ours, by key: somebody chose them (or, where `refused`, the kernel did not take ours). */
export interface Kept {
  readonly path: string;
  /** Where an engine tells it; scrubbed. */
  readonly container?: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly refused?: true;
}

export interface NativeReport {
  /** How many namespaces have the range of the policy. */
  readonly given: number;
  readonly kept: readonly Kept[];
  /** The folders that are watched. */
  readonly folders: readonly string[];
}

export interface NativeLayer {
  /**
   * Gives every container the range of this policy, from now on; undefined takes it back. Asks the engines what was chosen
   * for the containers that it does not know yet. Settles when all have what they are to have.
   */
  want(policy: Policy | undefined): Promise<void>;
  report(): Promise<NativeReport>;
  stop(): Promise<void>;
}

interface Served {
  readonly container: string | undefined;
  readonly chosen: Partial<Values>;
  readonly done: Promise<void>;
}

/** Milliseconds in which events gather before the folders are read again: a name that went must be forgotten. */
const SWEEP_MS = 500;
/** Milliseconds before each of the looks into a folder that has just come; a name can be there 45 ms before its namespace. */
const FIRST_SWEEPS_MS = [0, 5, 5, 10, 20, 40];

/**
 * Watches the folders of engines and gives each container's namespace the allowed range before its process starts: engines
 * mount the namespace first, and set what was chosen for the container after that. A value that is not the kernel's default,
 * and not ours, is somebody's choice. One that equals the default can't be told from it: where we were later than the engine,
 * it is put back as soon as the engine has told of it, at the next look.
 */
export function watchNamespaces(
  system: System,
  { folders: usual, sockets }: { readonly folders: readonly NamespaceFolder[]; readonly sockets: readonly string[] },
): NativeLayer {
  const entrance = openEntrance(system);
  const sandboxes = knowSandboxes(system, sockets);
  const folders = new Map<string, { readonly folder: NamespaceFolder; readonly close: () => void }>();
  const known = new Map<string, Served>();
  const outcomes = new Map<string, Given>();
  let values: Values | undefined;
  let ours: readonly Values[] | undefined;

  const give = async (path: string, chosen: Partial<Values>): Promise<void> => {
    if (!values) return;
    const given = await entrance.give(path, giftOf(values, ours ?? [], chosen));
    if (given === 'gone') known.delete(path);
    if (given === 'gone' || given === 'host') outcomes.delete(path);
    else outcomes.set(path, given);
  };
  const serve = (path: string): void => {
    const { container, chosen = {} } = sandboxes.at(path) ?? known.get(path) ?? {};
    known.set(path, { container, chosen, done: give(path, chosen) });
  };
  const note = (folder: NamespaceFolder, name: string): void => {
    const path = `${folder.path}/${name}`;
    if (isContainer(folder, name) && !known.has(path)) serve(path);
  };
  /** A name without a namespace is a container that ended, which Docker leaves for a minute: waiting for it would be in vain. */
  const sweep = async (): Promise<void> => {
    const present = new Set<string>();
    const before = [...known.keys()]; // What comes while we read is not gone.
    const mounted = await mountedNames(system);
    for (const { folder } of folders.values()) {
      for (const name of await system.list(folder.path)) {
        present.add(`${folder.path}/${name}`);
        if (mounted.has(name)) note(folder, name);
      }
    }
    for (const path of before) {
      if (present.has(path)) continue;
      known.delete(path);
      outcomes.delete(path);
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
  /** When the folder itself has come, the first container is in it already, maybe without its namespace yet. */
  const sweepOften = async (): Promise<void> => {
    for (const pause of FIRST_SWEEPS_MS) {
      await system.sleep(pause);
      await sweep();
    }
  };
  const watch = (folder: NamespaceFolder): void => {
    if (folders.has(folder.path)) return;
    const { close } = system.watchFolder(folder.path, (name) => {
      if (name === '') void sweepOften();
      else note(folder, name);
      void sweepSoon();
    });
    folders.set(folder.path, { folder, close });
  };
  const remember = async (): Promise<void> => {
    const engines = [...folders.values()].flatMap(({ folder }) => (folder.kind === 'engine' ? folder.path : []));
    if (ours && ours.length > 0) await writeNativeMemory(system, { ours, folders: engines });
  };
  /** What engines tell: further folders, and choices for containers that were served without knowing of them. */
  const heed = async (): Promise<void> => {
    const before = folders.size;
    for (const path of await sandboxes.ask()) watch({ path, kind: 'engine' });
    if (folders.size > before) await remember();
    for (const [path, served] of known) {
      const now = sandboxes.at(path);
      if (!now) continue;
      const isKnown = SETTING_NAMES.every((name) => (now.chosen[name] ?? served.chosen[name]) === served.chosen[name]);
      if (isKnown) known.set(path, { ...served, container: now.container });
      else serve(path);
    }
  };
  /** New namespaces get the values from here on, at once; those that are there wait for what their engine says of them. */
  const change = async (next: Values): Promise<void> => {
    await sweep();
    const old = [...known.keys()];
    values = next;
    await heed();
    const mounted = await mountedNames(system);
    for (const path of old) {
      if (mounted.has(nameOf(path))) serve(path);
      else known.delete(path); // It ended, or its namespace is about to come.
    }
    await sweep();
    if (old.some((path) => !known.has(path))) void sweepSoon();
  };
  const settled = async (): Promise<void> => {
    await Promise.all([...known.values()].map(({ done }) => done));
  };
  const begin = async (): Promise<readonly Values[]> => {
    const memory = await readNativeMemory(system);
    for (const path of memory.folders) watch({ path, kind: 'engine' });
    return memory.ours;
  };
  for (const folder of usual) watch(folder);

  return {
    want: async (policy) => {
      ours ??= await begin();
      const next = policy && valuesOf(policy);
      if (!next) {
        if (ours.length === 0) return;
        await change(KERNEL_DEFAULTS);
        await settled();
        values = undefined;
        ours = [];
        await forgetNativeMemory(system);
        return;
      }
      if (isEqual(next, values)) await heed();
      else {
        // Written down before it is given, so that another agent knows it for ours.
        if (!ours.some((one) => isEqual(one, next))) ours = [...ours, next];
        await remember();
        await change(next);
      }
      await settled();
    },
    report: async () => {
      // Docker unmounts a namespace when its container ends, and leaves the name for a minute.
      const mounted = await observeNamespaceMounts(system);
      const alive = [...outcomes].filter(([path]) => values && mounted.has(path));
      const kept = alive.flatMap(([path, given]) => keptIn(path, given, known.get(path)) ?? []);
      const without = kept.filter(({ settings }) => SETTINGS.range in settings);
      return { given: alive.length - without.length, kept, folders: [...folders.keys()] };
    },
    stop: async () => {
      for (const { close } of folders.values()) close();
      await entrance.stop();
    },
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** By name alone: engines tell folders by other paths than the kernel (/var/run is a link). */
async function mountedNames(system: System): Promise<ReadonlySet<string>> {
  return new Set([...(await observeNamespaceMounts(system))].map(nameOf));
}

const isEqual = (one: Values, other: Values | undefined): boolean =>
  SETTING_NAMES.every((name) => one[name] === other?.[name]);

function keptIn(path: string, given: Given, served: Served | undefined): Kept | undefined {
  const names = SETTING_NAMES.filter((name) => given[name].verdict !== 'given' || served?.chosen[name] !== undefined);
  if (names.length === 0) return undefined;
  return {
    path,
    ...(served?.container === undefined ? {} : { container: served.container }),
    settings: Object.fromEntries(names.map((name) => [SETTINGS[name], given[name].value.replaceAll('\t', ' ')])),
    ...(names.some((name) => given[name].verdict === 'refused') ? { refused: true } : {}),
  };
}

import { observeNamespaceMounts } from '../../observe/mounts.ts';
import { KERNEL_DEFAULTS, SETTING_NAMES, SETTINGS, type Values, valuesOf } from '../../plan/container-sysctls.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ForeignSettings, NativeReport } from '../../reconcile/agent-status.ts';
import type { System } from '../../system/system.ts';
import { desiredSysctls } from './desired-sysctls.ts';
import { forgetNativeMemory, readNativeMemory, writeNativeMemory } from './memory.ts';
import { type Given, type NamespaceEntry, openNamespaceEntry } from './namespace-entry.ts';
import type { NamespaceFolder } from './namespace-folders.ts';
import { knowSandboxes, type Sandboxes } from './sandboxes.ts';
import { mountedNames, type NamespaceFolders, nameOf, watchNamespaceFolders } from './watch-folders.ts';

export interface NativeLayer {
  /**
   * Gives every container the range of this policy, from now on; undefined restores what was there. Asks the engines what was
   * chosen for the containers that it does not know yet. Settles when all have what they are to have. Throws SYSTEM.
   */
  want(policy: Policy | undefined): Promise<void>;
  report(): Promise<NativeReport>;
  stop(): Promise<void>;
}

export interface NativeOptions {
  readonly folders: readonly NamespaceFolder[];
  readonly sockets: readonly string[];
  /** Called where inotify is used up. */
  readonly onPolling?: ((reason: Error) => void) | undefined;
}

interface Served {
  readonly container: string | undefined;
  readonly chosen: Partial<Values>;
  readonly done: Promise<void>;
}

interface Layer {
  readonly system: System;
  readonly entry: NamespaceEntry;
  readonly sandboxes: Sandboxes;
  readonly folders: NamespaceFolders;
  /** By the path of the namespace. */
  readonly known: Map<string, Served>;
  readonly outcomes: Map<string, Given>;
  values: Values | undefined;
  /** All values that we ever wrote, also those of an agent before us; undefined until they are read. */
  ours: readonly Values[] | undefined;
}

/**
 * Watches the folders of engines and gives each container's namespace the allowed range before its process starts: engines
 * mount the namespace first, and set what was chosen for the container after that. A value that is not the kernel's default,
 * and not ours, was chosen. A choice that equals the default can't be known from it: where we were later than the engine,
 * it is restored as soon as the engine has named it, at the next look.
 */
export function watchNamespaces(system: System, { folders: usual, sockets, onPolling }: NativeOptions): NativeLayer {
  const layer: Layer = {
    system,
    entry: openNamespaceEntry(system),
    sandboxes: knowSandboxes(system, sockets),
    folders: watchNamespaceFolders(system, {
      found: (path) => {
        if (!layer.known.has(path)) serve(layer, path);
      },
      gone: (path) => {
        layer.known.delete(path);
        layer.outcomes.delete(path);
      },
      known: () => layer.known.keys(),
      onPolling,
    }),
    known: new Map(),
    outcomes: new Map(),
    ...{ values: undefined, ours: undefined },
  };
  for (const folder of usual) layer.folders.add(folder);
  return {
    want: async (policy) => {
      const ours = await oursOf(layer);
      const next = policy && valuesOf(policy);
      await (next ? giveAll(layer, next) : restoreAll(layer, ours));
    },
    report: () => reportOf(layer),
    stop: async () => {
      layer.folders.close();
      await layer.entry.stop();
    },
  };
}

async function oursOf(layer: Layer): Promise<readonly Values[]> {
  if (layer.ours) return layer.ours;
  const memory = await readNativeMemory(layer.system);
  for (const path of memory.folders) layer.folders.add({ path, kind: 'engine' });
  layer.ours = memory.ours;
  return memory.ours;
}

async function giveAll(layer: Layer, next: Values): Promise<void> {
  const { ours = [], values, folders } = layer;
  if (isEqual(next, values)) {
    await askEngines(layer);
    await folders.sweep(); // The kernel drops events of a watch that comes too late to read them.
  } else {
    // Written down before it is given, so that another agent knows it for ours.
    if (!ours.some((one) => isEqual(one, next))) layer.ours = [...ours, next];
    await remember(layer);
    await change(layer, next);
  }
  await settled(layer);
}

async function restoreAll(layer: Layer, ours: readonly Values[]): Promise<void> {
  if (ours.length === 0) return;
  await change(layer, KERNEL_DEFAULTS);
  await settled(layer);
  layer.values = undefined;
  layer.ours = [];
  await forgetNativeMemory(layer.system);
}

/** New namespaces get the values from here on, at once; those that are there wait for what their engine says of them. */
async function change(layer: Layer, next: Values): Promise<void> {
  const { system, folders, known } = layer;
  await folders.sweep();
  const old = [...known.keys()];
  layer.values = next;
  await askEngines(layer);
  const mounted = await mountedNames(system);
  for (const path of old) {
    if (mounted.has(nameOf(path))) serve(layer, path);
    else known.delete(path); // It ended, or its namespace is about to come.
  }
  await folders.sweep();
  if (old.some((path) => !known.has(path))) folders.sweepSoon();
}

/** Engines know further folders, and choices for containers that were served without knowing of them. */
async function askEngines(layer: Layer): Promise<void> {
  const { sandboxes, folders, known } = layer;
  const before = folders.all().length;
  for (const path of await sandboxes.ask()) folders.add({ path, kind: 'engine' });
  if (folders.all().length > before) await remember(layer);
  for (const [path, served] of known) {
    const now = sandboxes.at(path);
    if (!now) continue;
    const isKnown = SETTING_NAMES.every((name) => (now.chosen[name] ?? served.chosen[name]) === served.chosen[name]);
    if (isKnown) known.set(path, { ...served, container: now.container });
    else serve(layer, path);
  }
}

function serve(layer: Layer, path: string): void {
  const { sandboxes, known } = layer;
  const { container, chosen = {} } = sandboxes.at(path) ?? known.get(path) ?? {};
  known.set(path, { container, chosen, done: give(layer, path, chosen) });
}

async function give({ entry, known, outcomes, values, ours }: Layer, path: string, chosen: Partial<Values>) {
  if (!values) return;
  const given = await entry.give(path, desiredSysctls(values, ours ?? [], chosen));
  if (given === 'gone') known.delete(path);
  if (given === 'gone' || given === 'host') outcomes.delete(path);
  else outcomes.set(path, given);
}

async function settled({ known }: Layer): Promise<void> {
  await Promise.all([...known.values()].map(({ done }) => done));
}

async function remember({ system, folders, ours }: Layer): Promise<void> {
  const engines = folders.all().flatMap(({ kind, path }) => (kind === 'engine' ? path : []));
  if (ours && ours.length > 0) await writeNativeMemory(system, { ours, folders: engines });
}

async function reportOf({ system, outcomes, values, known, folders }: Layer): Promise<NativeReport> {
  // Docker unmounts a namespace when its container ends, and leaves the name for a minute.
  const mounted = await observeNamespaceMounts(system);
  const alive = [...outcomes].filter(([path]) => values && mounted.has(path));
  const kept = alive.flatMap(([path, given]) => foreignIn(path, given, known.get(path)) ?? []);
  const without = kept.filter(({ settings }) => SETTINGS.range in settings);
  return { given: alive.length - without.length, kept, folders: folders.all().map(({ path }) => path) };
}

const isEqual = (one: Values, other: Values | undefined): boolean =>
  SETTING_NAMES.every((name) => one[name] === other?.[name]);

function foreignIn(path: string, given: Given, served: Served | undefined): ForeignSettings | undefined {
  const names = SETTING_NAMES.filter((name) => given[name].verdict !== 'given' || served?.chosen[name] !== undefined);
  if (names.length === 0) return undefined;
  return {
    path,
    ...(served?.container === undefined ? {} : { container: served.container }),
    settings: Object.fromEntries(names.map((name) => [SETTINGS[name], given[name].value.replaceAll('\t', ' ')])),
    ...(names.some((name) => given[name].verdict === 'refused') ? { refused: true } : {}),
  };
}

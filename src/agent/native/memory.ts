import { SETTING_NAMES, type Values } from '../../plan/container-sysctls.ts';
import { stateFolder } from '../../reconcile/state.ts';
import type { System } from '../../system/system.ts';

/** What containers were given since the host started, and where: enough to know our own values again, and to take them back. */
export interface NativeMemory {
  readonly ours: readonly Values[];
  /** Folders of namespaces that an engine has named. */
  readonly folders: readonly string[];
}

const NOTHING: NativeMemory = { ours: [], folders: [] };
const fileIn = (folder: string): string => `${folder}/native.json`;

/** The memory of an earlier agent; empty where there is none, or a damaged one: then all values count as chosen. */
export async function readNativeMemory(system: System): Promise<NativeMemory> {
  const text = await system.readText(fileIn(await stateFolder(system)));
  try {
    const memory: unknown = JSON.parse(text ?? '');
    return isMemory(memory) ? memory : NOTHING;
  } catch {
    return NOTHING;
  }
}

export async function writeNativeMemory(system: System, memory: NativeMemory): Promise<void> {
  await system.writeText(fileIn(await stateFolder(system)), `${JSON.stringify(memory)}\n`);
}

/** To be called when nothing of ours is left in any container. */
export async function forgetNativeMemory(system: System): Promise<void> {
  await system.remove(fileIn(await stateFolder(system)));
}

function isMemory(value: unknown): value is NativeMemory {
  if (typeof value !== 'object' || value === null || !('ours' in value) || !('folders' in value)) return false;
  const { ours, folders } = value;
  return (
    Array.isArray(ours) &&
    ours.every((one) => SETTING_NAMES.every((name) => typeof one?.[name] === 'string')) &&
    Array.isArray(folders) &&
    folders.every((one) => typeof one === 'string')
  );
}

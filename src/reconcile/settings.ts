import { PortfenceError } from '../errors.ts';
import type { Setting } from '../plan/plan.ts';
import { parsePorts, subtract } from '../ports.ts';
import type { System } from '../system/system.ts';

/** A kernel setting that has to change, both values as the kernel writes them. */
export interface SettingChange {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** The same as a sentence; undefined where the fence does without it. */
  readonly drift: string | undefined;
}

/** Where the kernel keeps the setting. */
export const fileOf = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;

/** The setting's present value without its line end; throws SYSTEM where the kernel has no such setting. */
export async function readSetting(system: System, key: string): Promise<string> {
  const text = await system.readText(fileOf(key));
  if (text === undefined) throw new PortfenceError('SYSTEM', `this kernel has no ${key}`);
  return text.trim();
}

type Wanted = Pick<Setting, 'value' | 'minimum'> & { readonly key: string };

/** Whether a present value will do: ports may be reserved that need not be. */
export function isSatisfied(present: string, { value, minimum }: Omit<Wanted, 'key'>): boolean {
  return minimum === undefined ? present === value : holdsPorts(present, minimum);
}

/** Whether one list of ports, as the kernel writes it, holds all of another. */
export const holdsPorts = (present: string, wanted: string): boolean =>
  subtract(parsePorts(wanted), parsePorts(present)).length === 0;

/** How the kernel's settings differ from these, one sentence each. Throws SYSTEM. */
export async function settingsDrift(system: System, settings: readonly Wanted[]): Promise<readonly string[]> {
  const lines = settings.map(async (setting) => {
    const { key, value } = setting;
    const present = await readSetting(system, key);
    return isSatisfied(present, setting) ? [] : [`${key} is '${spaced(present)}' instead of '${spaced(value)}'`];
  });
  return (await Promise.all(lines)).flat();
}

/** The changes as comment lines of nft's script, so that what is printed and what is piped are the same bytes. */
export function settingLines(changes: readonly SettingChange[]): readonly string[] {
  return changes.map(({ key, to, from }) => `# sysctl -w ${key}='${spaced(to)}'  (is '${spaced(from)}')`);
}

const spaced = (value: string): string => value.replaceAll('\t', ' ');

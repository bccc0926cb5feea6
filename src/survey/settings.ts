import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';

/** A kernel setting that has to change, both values as the kernel writes them. */
export interface SettingChange {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** The same as a sentence. */
  readonly drift: string;
}

/** Where the kernel keeps the setting. */
export const fileOf = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;

/** The setting's present value without its line end; throws SYSTEM where the kernel has no such setting. */
export async function readSetting(system: System, key: string): Promise<string> {
  const text = await system.readText(fileOf(key));
  if (text === undefined) throw new PortfenceError('SYSTEM', `this kernel has no ${key}`);
  return text.trim();
}

/** The changes as comment lines of nft's script, so that what is printed and what is piped are the same bytes. */
export function settingLines(changes: readonly SettingChange[]): readonly string[] {
  return changes.map(({ key, to, from }) => `# sysctl -w ${key}='${spaced(to)}'  (is '${spaced(from)}')`);
}

const spaced = (value: string): string => value.replaceAll('\t', ' ');

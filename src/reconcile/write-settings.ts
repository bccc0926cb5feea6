import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { fileOf, type SettingChange } from './settings.ts';

/** Writes the settings in order. Throws KERNEL_REFUSED with the kernel's reason for the first that is refused. */
export async function writeSettings(
  system: System,
  changes: readonly Pick<SettingChange, 'key' | 'to'>[],
): Promise<void> {
  for (const { key, to } of changes) {
    try {
      // A lone newline is how the kernel's list settings are emptied.
      await system.writeKernel(fileOf(key), `${to}\n`);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PortfenceError('KERNEL_REFUSED', `the kernel refused ${key} = '${to}': ${reason}`, {
        hint: `try it by hand: sysctl -w ${key}='${to.replaceAll('\t', ' ')}'`,
        cause,
      });
    }
  }
}

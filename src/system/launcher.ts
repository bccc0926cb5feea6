import { realpathSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The Node that runs us and the launcher of this installation, every symbolic link resolved. */
export function ownLauncher(): { readonly node: string; readonly launcher: string } {
  const launcher = fileURLToPath(new URL('../../bin/portfence', import.meta.url));
  return { node: realpathSync(process.execPath), launcher: realpathSync(launcher) };
}

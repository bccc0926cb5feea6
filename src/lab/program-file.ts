import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Argv } from '../system/system.ts';

/**
 * The command that runs one of the lab's own programs. They always come from the build, so that the same files run under
 * Node 20 whether the lab itself was started from `dist` or, by a test, from `src`.
 */
export function labProgram(name: 'tell' | 'connect' | 'load' | 'keep', ...args: string[]): Argv {
  const file = fileURLToPath(new URL(`../../dist/lab/programs/${name}.js`, import.meta.url));
  return [process.execPath, file, ...args];
}

import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Argv } from '../../src/system/system.ts';

/** The command that runs one of the bench's own programs, which are built beside the bench itself. */
export function benchProgram(name: 'serve' | 'load' | 'new-flows' | 'look' | 'serve-agents', ...args: string[]): Argv {
  return [process.execPath, fileURLToPath(new URL(`./${name}.js`, import.meta.url)), ...args];
}

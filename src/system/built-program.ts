import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Argv } from './system.ts';

/**
 * The command that runs one of our own programs, named by its path under `src` without the ending. It always comes from the
 * build, so that the same file runs under Node 20 whether we were started from `dist` or, by a test, from `src`.
 */
export function builtProgram(name: string): Argv {
  return [process.execPath, fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))];
}

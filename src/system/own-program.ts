import { realpathSync } from 'node:fs';
import process from 'node:process';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import type { Argv } from './system.ts';

/** Programs that run as processes of their own, each named by its path under `src` without the ending. */
export type ProgramName =
  | 'verify/programs/send'
  | 'lab/programs/echo-address'
  | 'lab/programs/connect'
  | 'lab/programs/load'
  | 'lab/programs/hold-connections';

/** The word that makes the single executable run one of its programs: `portfence PROGRAM_WORD NAME ...`. */
export const PROGRAM_WORD = 'own-program';

const besideUs = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The command that runs this same portfence: the single executable itself, else our Node and the launcher. */
export function ownCommand(): Argv {
  return isSea() ? [process.execPath] : [process.execPath, besideUs('bin/portfence')];
}

/**
 * The command that runs one of our own programs. Outside the single executable it always comes from the build, so that the
 * same file runs whether we were started from `dist` or, by a test, from `src`.
 */
export function ownProgram(name: ProgramName, ...args: readonly string[]): Argv {
  return isSea()
    ? [process.execPath, PROGRAM_WORD, name, ...args]
    : [process.execPath, besideUs(`dist/${name}.js`), ...args];
}

/** As `ownCommand`, every symbolic link resolved, for what outlives this process. */
export function lastingCommand(): Argv {
  const [program, ...launcher] = ownCommand();
  return [realpathSync(program), ...launcher.map((path) => realpathSync(path))];
}

/** The entry of the single executable: the command line, or one of the programs that a checkout has as files. */
import process from 'node:process';
import { PROGRAM_WORD, type ProgramName } from '../system/own-program.ts';

const PROGRAMS: Readonly<Record<ProgramName, () => Promise<unknown>>> = {
  'verify/programs/send': () => import('../verify/programs/send.ts'),
  'lab/programs/echo-address': () => import('../lab/programs/echo-address.ts'),
  'lab/programs/connect': () => import('../lab/programs/connect.ts'),
  'lab/programs/load': () => import('../lab/programs/load.ts'),
  'lab/programs/hold-connections': () => import('../lab/programs/hold-connections.ts'),
};

const isProgram = (name: string | undefined): name is ProgramName =>
  name !== undefined && Object.hasOwn(PROGRAMS, name);

const [, , word, name] = process.argv;
if (word === PROGRAM_WORD && isProgram(name)) {
  process.argv.splice(2, 2); // Each finds its arguments where a file started by Node would.
  void PROGRAMS[name]();
} else {
  void import('./main.ts');
}

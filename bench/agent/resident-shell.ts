import type { Testbed } from '../../src/lab/testbed.ts';
import { startCoprocess } from '../../src/system/child.ts';
import type { Argv } from '../../src/system/system.ts';

/** A shell that stays, in the network namespace of the testbed's host and a mount namespace of its own. */
export interface ResidentShell {
  /** Runs a command where the shell's mounts are seen. */
  enter(argv: Argv): Argv;
  /** Gives the shell a line, and settles with the line that it answers. */
  ask(line: string): Promise<string>;
}

/** The script reads lines and answers each with one; it finds the arguments in `$0`, `$1`, ... */
export async function openResidentShell(
  testbed: Testbed,
  script: string,
  ...args: readonly string[]
): Promise<ResidentShell> {
  const waiting: ((line: string) => void)[] = [];
  const said = (): Promise<string> => new Promise((resolve) => void waiting.push(resolve));
  const firstLine = said();
  const apart: Argv = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', `echo "$$"\n${script}`];
  const shell = startCoprocess(testbed.host.enter([...apart, ...args]), (line) => waiting.shift()?.(line));
  testbed.onClose(shell.stop);
  const pid = await firstLine;
  return {
    enter: (argv) => ['nsenter', `--mount=/proc/${pid}/ns/mnt`, `--net=${testbed.host.path}`, '--', ...argv],
    ask: (line) => {
      const answer = said();
      shell.write(line);
      return answer;
    },
  };
}

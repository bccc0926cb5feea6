import type { World } from '../../src/lab/world.ts';
import { follow } from '../../src/system/follow.ts';
import type { Argv } from '../../src/system/system.ts';

/** A shell that stays, in the network namespace of the world's host and a mount namespace of its own. */
export interface Apart {
  /** Runs a command where the shell's mounts are seen. */
  enter(argv: Argv): Argv;
  /** Gives the shell a line, and settles with the line that it answers. */
  ask(line: string): Promise<string>;
}

/** The script reads lines and answers each with one; it finds the arguments in `$0`, `$1`, ... */
export async function openApart(world: World, script: string, ...args: readonly string[]): Promise<Apart> {
  const waiting: ((line: string) => void)[] = [];
  const said = (): Promise<string> => new Promise((resolve) => void waiting.push(resolve));
  const greeting = said();
  const apart: Argv = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', `echo "$$"\n${script}`];
  const shell = follow(world.host.enter([...apart, ...args]), (line) => waiting.shift()?.(line));
  world.onClose(shell.stop);
  const pid = await greeting;
  return {
    enter: (argv) => ['nsenter', `--mount=/proc/${pid}/ns/mnt`, `--net=${world.host.path}`, '--', ...argv],
    ask: (line) => {
      const answer = said();
      shell.write(line);
      return answer;
    },
  };
}

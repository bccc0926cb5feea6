import { refused } from '../observe/ask.ts';
import type { Argv, RunOptions, System } from '../system/system.ts';

/** Runs a command that has to work, also while Ctrl-C ends the foreground group. Throws what `refused` makes of it. */
export async function must(system: Pick<System, 'run'>, argv: Argv, options: RunOptions = {}): Promise<string> {
  const done = await system.run(argv, { outlastsInterrupt: true, ...options });
  if (done.code === 0) return done.stdout;
  throw refused(argv, done);
}

/** Several changes of links and addresses by one `ip -batch`. */
export async function ipBatch(system: Pick<System, 'run'>, lines: readonly string[]): Promise<void> {
  await must(system, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Removes a link; nothing happens where there is none. */
export async function removeLink(system: Pick<System, 'run'>, name: string): Promise<void> {
  const { code } = await system.run(['ip', 'link', 'show', 'dev', name]);
  if (code === 0) await must(system, ['ip', 'link', 'delete', name]);
}

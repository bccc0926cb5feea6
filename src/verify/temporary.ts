import { PortfenceError } from '../errors.ts';
import { refused } from '../observe/ask.ts';
import type { Argv, RunOptions, System } from '../system/system.ts';

/** Notes how a thing that was just made is taken away again. */
export type Cleanup = (task: () => Promise<void>) => void;

/**
 * Work that notes how each thing it makes is taken away again. All of it is taken away at the end, the latest first, however
 * the work ends; a task that fails does not keep the others from running. Throws SYSTEM where something is left.
 */
export async function withCleanup<T>(work: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const tasks: (() => Promise<void>)[] = [];
  const takeAway = async (): Promise<readonly unknown[]> => {
    const problems: unknown[] = [];
    for (const task of tasks.reverse()) await task().catch((problem: unknown) => problems.push(problem));
    return problems;
  };
  let result: T;
  try {
    result = await work((task) => tasks.push(task));
  } catch (error) {
    await takeAway();
    throw error;
  }
  const problems = await takeAway();
  if (problems.length === 0) return result;
  throw new PortfenceError('SYSTEM', 'not everything that verify made could be removed', {
    detail: problems.map((problem) => (problem instanceof Error ? problem.message : String(problem))).join('\n'),
    hint: 'the next `portfence verify` tries again',
  });
}

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

const STEP_MS = 10;

/** Asks again until the answer is yes; gives the last answer when the time (ms) is over. */
export async function until(
  system: Pick<System, 'now' | 'sleep'>,
  timeMs: number,
  ask: () => Promise<boolean>,
): Promise<boolean> {
  const end = system.now() + timeMs;
  for (;;) {
    if (await ask()) return true;
    if (system.now() >= end) return false;
    await system.sleep(STEP_MS);
  }
}

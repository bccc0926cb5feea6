import { PortfenceError } from '../errors.ts';

export type Undo = (task: () => Promise<void>) => void;

/**
 * Work that notes how each thing it makes is taken away again. All of it is taken away at the end, the latest first, however
 * the work ends; a task that fails does not keep the others from running. Throws SYSTEM where something is left.
 */
export async function withUndo<T>(work: (undo: Undo) => Promise<T>): Promise<T> {
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

import { PortfenceError } from '../errors.ts';
import { isOutOfTime } from '../system/errno.ts';
import type { CommandResult } from '../system/system.ts';

/** Where a program that loads rules ran out of time: the kernel may have taken them all the same. Undefined where it did not. */
export function outOfTime(tool: string, done: CommandResult): PortfenceError | undefined {
  if (!isOutOfTime(done)) return undefined;
  return new PortfenceError('SYSTEM', `${tool} did not end in time: whether the kernel took the rules is not known`, {
    hint: '`portfence status` says which rules stand; the machine may have too much to do: try again',
    detail: done.stderr.trim(),
  });
}

import { EXIT, type ExitCode, PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { errnoOf, fileError } from '../system/errno.ts';

/**
 * An error as a person reads it. A system call that failed outside the boundary is the system's refusal; what we did not raise
 * ourselves is a bug of ours and comes with its stack.
 */
export function failureText(error: unknown): { lines: readonly string[]; exit: ExitCode } {
  const known = error instanceof PortfenceError ? error : refusedCall(error);
  if (known) {
    return {
      lines: [
        `portfence: ${known.message}`,
        ...(known.detail ? known.detail.split('\n').map((line) => `  ${line}`) : []),
        ...(known.hint ? [`  -> ${known.hint}`] : []),
      ],
      exit: known.exitCode,
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { lines: ['portfence: this is a bug; please report it with these lines', stack], exit: EXIT.refused };
}

/** A failed system call as Node reports it: error number, name of the call and, for a file, the path. */
function refusedCall(error: unknown): PortfenceError | undefined {
  if (errnoOf(error) === undefined || !(error instanceof Error)) return undefined;
  if (!('syscall' in error && typeof error.syscall === 'string')) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  if (path === undefined)
    return new PortfenceError('SYSTEM', `the system refused: ${scrub(error.message)}`, { cause: error });
  return fileError(error, 'use', scrub(path));
}

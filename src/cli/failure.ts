import { EXIT, type ExitCode, PortfenceError } from '../errors.ts';

/** An error as a person reads it. What we did not raise ourselves is a bug of ours and comes with its stack. */
export function failureText(error: unknown): { lines: readonly string[]; exit: ExitCode } {
  if (error instanceof PortfenceError) {
    return {
      lines: [
        `portfence: ${error.message}`,
        ...(error.detail ? error.detail.split('\n').map((line) => `  ${line}`) : []),
        ...(error.hint ? [`  -> ${error.hint}`] : []),
      ],
      exit: error.exitCode,
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { lines: ['portfence: this is a bug; please report it with these lines', stack], exit: EXIT.refused };
}

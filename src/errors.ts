/** Exit codes that scripts may rely on: 0 fine, 1 the answer is no, 2 wrong usage or policy, 3 the system refused. */
export const EXIT = { fine: 0, no: 1, usage: 2, refused: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every error that portfence raises on purpose, with the exit code it ends in. */
const CODES = {
  USAGE: EXIT.usage,
  POLICY: EXIT.usage,
  FLOW: EXIT.usage,
  ACL_FILE: EXIT.usage,
  ACL: EXIT.usage,
  DAEMON_JSON: EXIT.usage,
  NOT_ROOT: EXIT.refused,
  TOOL_MISSING: EXIT.refused,
  KERNEL_REFUSED: EXIT.refused,
  KERNEL_DIFFERS: EXIT.refused,
  LOCKED: EXIT.refused,
  SYSTEM: EXIT.refused,
  STATE: EXIT.refused,
  CLOUD: EXIT.refused,
  NOTHING_PENDING: EXIT.no,
  INTERRUPTED: EXIT.no,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof CODES;

export interface ErrorDetails {
  /** What to do about it. */
  readonly hint?: string;
  /** What another program said; may have several lines. */
  readonly detail?: string;
  readonly errno?: string;
  readonly path?: string;
  readonly cause?: unknown;
}

/**
 * An error that a person can act on: one sentence with the offending value, and a remedy.
 * Anything else that is thrown is a bug of ours and is shown with its stack.
 */
export class PortfenceError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  /** The error number (`ENOSPC`) of a system call that failed. */
  readonly errno: string | undefined;
  /** The file that it failed with. */
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PortfenceError';
    this.code = code;
    this.hint = more.hint;
    this.detail = more.detail;
    this.errno = more.errno;
    this.path = more.path;
  }

  get exitCode(): ExitCode {
    return CODES[this.code];
  }
}

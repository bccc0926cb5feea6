import type { PolicyPath } from './problem.ts';

/** What is wrong with one value, and what to write instead. */
export interface Fault {
  readonly message: string;
  readonly remedy?: string;
}

/** A fault at its path, before its line or flag is known. */
export interface Finding extends Fault {
  readonly path: PolicyPath;
  readonly severity: 'error' | 'warning';
  /** Whether the key is at fault instead of its value. */
  readonly atKey?: true;
  /** Where in the text, for what no path leads to (a key's second appearance). */
  readonly offset?: number;
}

/** The outcome of reading one value: the value, or what is wrong with it. */
export type Reading<T> = { readonly value: T } | { readonly fault: Fault };

/** A reading that failed, with what to write instead. */
export function fault(message: string, remedy?: string): { readonly fault: Fault } {
  return { fault: remedy === undefined ? { message } : { message, remedy } };
}

/** A finding that keeps the policy from being used. */
export function error(path: PolicyPath, message: string, remedy?: string): Finding {
  return { path, severity: 'error', ...fault(message, remedy).fault };
}

/** A finding that leaves the policy usable. */
export function warning(path: PolicyPath, message: string, remedy?: string): Finding {
  return { path, severity: 'warning', ...fault(message, remedy).fault };
}

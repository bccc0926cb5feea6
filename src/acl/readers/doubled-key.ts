import type { Element } from './element.ts';
import { shown } from './problem.ts';

/** A text's documents as plain data. */
export interface Documents {
  readonly documents: readonly Element[];
  /** Doubled keys, of which the last counts, as CloudFormation has it. */
  readonly warnings: readonly string[];
}

/** What is said of a doubled key. */
export function doubled(key: string, first: string, second: string): string {
  return `the key ${shown(key)} stands twice, at ${first} and again at ${second}: the last one counts`;
}

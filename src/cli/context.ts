import type { Command } from 'commander';
import type { ExitCode } from '../errors.ts';
import type { System } from '../system/system.ts';

/** What a command needs from its caller. */
export interface Context {
  readonly system: System;
  /** A line for the person who waits; goes to stderr, so that stdout holds the answer alone. */
  readonly say: (line: string) => void;
  /** Whether a person sees the lines as they come: stderr is a terminal. */
  readonly watched?: boolean;
  /** Asks the person at the terminal and gives the answer, blanks trimmed; undefined where no person is there. Throws INTERRUPTED at the end of input. */
  readonly ask?: (question: string) => Promise<string>;
  /** Whether the answer goes to a terminal that shows colours. */
  readonly colour: boolean;
  /** How many characters fit into a line of it. */
  readonly width: number;
}

/** What a command answers: one document for scripts, lines for people. Only main writes them and exits. */
export interface Answer {
  readonly exit: ExitCode;
  readonly json: unknown;
  readonly text: readonly string[];
}

/** Flags that every command knows. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly dockerHost?: string;
}

/** Gives main the answer of a command; `json` chooses the document. */
export type Respond = (answer: Answer, json: boolean) => void;
/** Adds one command, or a family of them, to the grammar. */
export type AddCommand = (program: Command, context: Context, respond: Respond) => void;

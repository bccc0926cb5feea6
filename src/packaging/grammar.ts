/** A flag as `--help` shows it. */
export interface Flag {
  readonly short: string | undefined;
  readonly long: string;
  /** What stands for its value, like `<file>`; undefined where it takes none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  readonly about: string;
}

/** A command of the command line, hidden ones left out. */
export interface Grammar {
  readonly name: string;
  readonly about: string;
  /** Words without a flag, as in the usage line: `<flow...>`, `[what]`. */
  readonly operands: readonly { readonly text: string; readonly choices: readonly string[] }[];
  readonly flags: readonly Flag[];
  readonly commands: readonly Grammar[];
}

/** Every command with its path from the program's name on, the program first. */
export function allCommands(
  grammar: Grammar,
  before: readonly string[] = [],
): readonly (readonly [path: readonly string[], Grammar])[] {
  const path = [...before, grammar.name];
  return [[path, grammar], ...grammar.commands.flatMap((one) => allCommands(one, path))];
}

const FILES = /file|folder|path/;
/** What can follow a flag: words to choose from, or a path. */
export const takesPath = ({ value, choices }: Flag): boolean =>
  choices.length === 0 && value !== undefined && FILES.test(value);

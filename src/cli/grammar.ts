import type { Command } from 'commander';
import type { Grammar } from '../packaging/grammar.ts';

/** The command line as data, for man pages and completions: what `--help` shows, from the same source. */
export function grammarOf(command: Command): Grammar {
  const help = command.createHelp();
  return {
    name: command.name(),
    about: command.description(),
    operands: command.registeredArguments.map((operand) => {
      const name = `${operand.name()}${operand.variadic ? '...' : ''}`;
      return { text: operand.required ? `<${name}>` : `[${name}]`, choices: operand.argChoices ?? [] };
    }),
    flags: help.visibleOptions(command).map((option) => ({
      short: option.short,
      long: option.long ?? option.flags,
      value: /[<[].*$/.exec(option.flags)?.[0],
      choices: option.argChoices ?? [],
      about: option.description,
    })),
    commands: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map(grammarOf),
  };
}

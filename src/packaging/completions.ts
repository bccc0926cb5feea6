import { allCommands, type Flag, type Grammar, takesPath } from './grammar.ts';

/** A word that a shell can offer, and what it is for. */
interface Offer {
  readonly word: string;
  readonly about: string;
}

const offers = ({ commands, flags, operands }: Grammar): readonly Offer[] => [
  ...commands.map(({ name, about }) => ({ word: name, about })),
  ...operands.flatMap(({ choices }) => choices.map((word) => ({ word, about: '' }))),
  ...flags.map(({ long, about }) => ({ word: long, about })),
];
const NO_QUOTE = /'/g;
/** One line in single quotes, as every shell here takes it. */
const quoted = (text: string): string => `'${text.replaceAll('\n', ' ').replace(NO_QUOTE, '’')}'`;
const commandPath = (path: readonly string[]): string => path.slice(1).join(' ');
const withValues = ({ flags }: Grammar): readonly Flag[] => flags.filter(({ value }) => value !== undefined);

/** Finds the command that is being written: the longest path of words that the table has. */
const WALK = [
  '  local path= word i',
  '  for ((i = 1; i < current; i++)); do',
  '    word=${given[i]}',
  '    case " $paths " in *"|${path:+$path }$word|"*) path=${path:+$path }$word ;; esac',
  '  done',
];

const pathTable = (grammar: Grammar): string =>
  `|${allCommands(grammar)
    .map(([path]) => commandPath(path))
    .filter(Boolean)
    .join('|')}|`;

/** For each command, the case branches of the values that its flags take. */
function valueCases(grammar: Grammar, offer: (flag: Flag) => string): readonly string[] {
  return allCommands(grammar).flatMap(([path, command]) =>
    withValues(command).map((flag) => `    ${quoted(`${commandPath(path)}:${flag.long}`)}) ${offer(flag)} ;;`),
  );
}

export function bashCompletion(grammar: Grammar): string {
  const { name } = grammar;
  const words = allCommands(grammar).map(
    ([path, command]) =>
      `    ${quoted(commandPath(path))}) COMPREPLY=($(compgen -W ${quoted(
        offers(command)
          .map(({ word }) => word)
          .join(' '),
      )} -- "$cur")) ;;`,
  );
  const values = valueCases(grammar, (flag) =>
    takesPath(flag)
      ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return'
      : `COMPREPLY=($(compgen -W ${quoted(flag.choices.join(' '))} -- "$cur")); return`,
  );
  return lines([
    `# bash completion for ${name}`,
    `_${name}() {`,
    `  local paths=${quoted(pathTable(grammar))} cur=\${COMP_WORDS[COMP_CWORD]} current=$COMP_CWORD`,
    '  local -a given=("${COMP_WORDS[@]}")',
    ...WALK,
    '  case "$path:${given[current-1]}" in',
    ...values,
    '  esac',
    '  case "$path" in',
    ...words,
    '  esac',
    '}',
    `complete -F _${name} ${name}`,
  ]);
}

export function zshCompletion(grammar: Grammar): string {
  const { name } = grammar;
  const described = ({ word, about }: Offer): string => quoted(`${word.replaceAll(':', '\\:')}:${about}`);
  const words = allCommands(grammar).map(
    ([path, command]) => `    ${quoted(commandPath(path))}) found=(${offers(command).map(described).join(' ')}) ;;`,
  );
  const values = valueCases(grammar, (flag) =>
    takesPath(flag) ? '_files; return' : `compadd -- ${flag.choices.map(quoted).join(' ')}; return`,
  );
  return lines([
    `#compdef ${name}`,
    `_${name}() {`,
    '  emulate -L zsh -o KSH_ARRAYS',
    `  local paths=${quoted(pathTable(grammar))} current=$((CURRENT - 1))`,
    '  local -a given=("${words[@]}") found=()',
    ...WALK,
    '  case "$path:${given[current-1]}" in',
    ...values,
    '  esac',
    '  case "$path" in',
    ...words,
    '  esac',
    "  _describe 'portfence' found",
    '}',
    `_${name} "$@"`,
  ]);
}

export function fishCompletion(grammar: Grammar): string {
  const { name } = grammar;
  const rows = allCommands(grammar).flatMap(([path, command]) => {
    const when = `-n ${quoted(`__${name}_at ${path.slice(1).join(' ')}`.trim())}`;
    const children = command.commands.map((one) => one.name);
    return [
      ...command.commands.map((one) => `complete -c ${name} -f ${when} -a ${quoted(one.name)} -d ${quoted(one.about)}`),
      ...command.operands.flatMap(({ choices }) =>
        choices
          .filter((word) => !children.includes(word))
          .map((word) => `complete -c ${name} -f ${when} -a ${quoted(word)}`),
      ),
      ...command.flags.map((flag) => {
        const takes =
          flag.value === undefined ? ' -f' : takesPath(flag) ? ' -r -F' : ` -x -a ${quoted(flag.choices.join(' '))}`;
        return `complete -c ${name} ${when} -l ${flag.long.replace(/^--/, '')}${takes} -d ${quoted(flag.about)}`;
      }),
    ];
  });
  return lines([
    `# fish completion for ${name}`,
    `function __${name}_at --description 'whether the words so far name this command'`,
    '  set -l path',
    '  for word in (commandline -opc)[2..-1]',
    `    contains -- "$path $word" ${allCommands(grammar)
      .map(([path]) => quoted(` ${path.slice(1).join(' ')}`))
      .join(' ')}; and set path "$path $word"`,
    '  end',
    '  test (string trim -- "$path") = "$argv"',
    'end',
    ...rows,
  ]);
}

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;

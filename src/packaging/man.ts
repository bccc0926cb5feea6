import { allCommands, type Flag, type Grammar } from './grammar.ts';

export interface ManPage {
  /** The file's name, like `portfence-acl-ranges.1`. */
  readonly name: string;
  readonly text: string;
}

/** A page for each command, in the language of man(7). `date` is of the commit, as YYYY-MM-DD. */
export function manPages(grammar: Grammar, { version, date }: { version: string; date: string }): readonly ManPage[] {
  const all = allCommands(grammar);
  return all.map(([path, command]) => {
    const title = path.join('-');
    const lines = [
      `.TH ${title.toUpperCase()} 1 ${date} "portfence ${version}" "portfence"`,
      '.SH NAME',
      `${roff(title)} \\- ${roff(command.about)}`,
      '.SH SYNOPSIS',
      `.B ${roff(path.join(' '))}`,
      roff(usage(command)),
      ...(command.flags.length > 0 ? ['.SH OPTIONS', ...command.flags.flatMap(flagLines)] : []),
      ...(command.commands.length > 0
        ? ['.SH COMMANDS', ...command.commands.flatMap((one) => commandLines(path, one))]
        : []),
      ...(path.length === 1 ? ENDING : ['.SH SEE ALSO', references(path)]),
    ];
    return { name: `${title}.1`, text: `${lines.filter(Boolean).join('\n')}\n` };
  });
}

const usage = ({ flags, commands, operands }: Grammar): string =>
  [
    ...(flags.length > 0 ? ['[options]'] : []),
    ...(commands.length > 0 ? ['<command>'] : []),
    ...operands.map(({ text }) => text),
  ].join(' ');

function flagLines({ short, long, value, choices, about }: Flag): readonly string[] {
  const names = [short, long].filter((name) => name !== undefined).join(', ');
  const words = value === undefined ? names : `${names} ${value}`;
  return ['.TP', `.B ${roff(words)}`, roff(choices.length > 0 ? `${about} (${choices.join(', ')})` : about)];
}

const commandLines = (path: readonly string[], { name, about }: Grammar): readonly string[] => [
  '.TP',
  `.BR ${roff([...path, name].join('-'))} (1)`,
  roff(about),
];

const references = (path: readonly string[]): string => `.BR ${roff(path.slice(0, -1).join('-'))} (1)`;

const ENDING = [
  '.SH EXIT STATUS',
  '0 fine, 1 the answer is no, 2 wrong usage or policy, 3 the system refused.',
  '.SH FILES',
  '.TP',
  '.I /etc/portfence/policy.yaml',
  'The policy. Nothing is fenced before it says which ports are allowed.',
  '.SH SEE ALSO',
  '.BR nft (8),',
  '.BR iptables (8)',
];

/** Text for man(7): a hyphen is a minus, and no line begins with a control character. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('`', '\\(ga');
  return escaped
    .split('\n')
    .map((line) => (/^[.]/.test(line) ? `\\&${line}` : line))
    .join('\n');
}

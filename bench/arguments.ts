import { parseArgs } from 'node:util';
import { PortfenceError } from '../src/errors.ts';
import { BENCHES, type Bench } from './benches.ts';

const names = BENCHES.map(({ name }) => name);
const width = Math.max(...names.map((name) => name.length)) + 4;

export const USAGE = `npm run bench -- [${names.join('|')}] [options]

${BENCHES.map(({ name, about }) => `  ${name.padEnd(width)}${about}`).join('\n')}

  --runs N        ${BENCHES.flatMap(({ name, runs }) => (runs ? [`${name}: ${runs.of} (${runs.usual})`] : [])).join('\n                  ')}
  --json          one JSON document instead of the page (npm run --silent keeps npm's own words out of it)
  --folder PATH   where the page is written (default: docs)

Exit codes: 0 as promised, 1 not as promised, 2 wrong usage, 3 the system refused.
`;

const MOST_RUNS = 100_000;

/** What a person asked for. */
export interface Ask {
  readonly bench: Bench;
  readonly runs: number | undefined;
  readonly json: boolean;
  readonly folder: string;
}

const OPTIONS = {
  runs: { type: 'string' },
  json: { type: 'boolean', default: false },
  folder: { type: 'string', default: 'docs' },
  help: { type: 'boolean', default: false },
} as const;

const wrong = (message: string): PortfenceError =>
  new PortfenceError('USAGE', message, { hint: 'npm run bench -- --help' });

/** Throws PortfenceError USAGE with the word that is wrong. */
export function readArguments(args: readonly string[]): Ask | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help) return 'help';
  const [word = BENCHES[0].name, extra] = positionals;
  const bench = BENCHES.find(({ name }) => name === word);
  if (!bench) throw wrong(`there is no bench ${word}; there are ${names.join(', ')}`);
  if (extra !== undefined) throw wrong(`one bench at a time: ${extra} is too much`);
  return { bench, runs: wholeNumber(bench, values.runs), json: values.json, folder: values.folder };
}

function wholeNumber({ name, runs }: Bench, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!runs) throw wrong(`--runs is not for ${name}: it runs each case once`);
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_RUNS)
    throw wrong(`--runs ${text}: write a whole number, 1 to ${MOST_RUNS}`);
  return value;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

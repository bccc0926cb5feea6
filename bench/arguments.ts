import { parseArgs } from 'node:util';
import { PortfenceError } from '../src/errors.ts';

const RUNS = 15;

export const USAGE = `npm run bench -- [commands|compare] [options]

  commands        how long each command takes, start to end, beside a bare node (default)
  compare         no fence, the origin post's rule and portfence on a real Docker engine, side by side

  --runs N        commands: how often each is run (default: ${RUNS})
  --json          one JSON document instead of the page (npm run --silent keeps npm's own words out of it)
  --folder PATH   where the page is written (default: docs)

Exit codes: 0 as promised, 1 not as promised, 2 wrong usage, 3 the system refused.
`;

const BENCHES = ['commands', 'compare'] as const;
const MOST_RUNS = 1000;

/** What a person asked for. */
export interface Ask {
  readonly bench: (typeof BENCHES)[number];
  readonly runs: number;
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
  const [word = 'commands', extra] = positionals;
  const bench = BENCHES.find((name) => name === word);
  if (!bench) throw wrong(`there is no bench ${word}; there are ${BENCHES.join(' and ')}`);
  if (extra !== undefined) throw wrong(`one bench at a time: ${extra} is too much`);
  if (bench === 'compare' && values.runs !== undefined)
    throw wrong('--runs is for commands; compare runs each case once');
  const runs = Number(values.runs ?? RUNS);
  if (!Number.isInteger(runs) || runs < 1 || runs > MOST_RUNS)
    throw wrong(`--runs ${values.runs}: write a whole number, 1 to ${MOST_RUNS}`);
  return { bench, runs, json: values.json, folder: values.folder };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

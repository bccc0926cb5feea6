import { parseArgs } from 'node:util';
import { PortfenceError } from '../../src/errors.ts';

const CONNECTIONS = 100_000;
const PER_SECOND = 300;
const MOST = { seed: 2 ** 32 - 1, connections: 10_000_000, rate: 2000 } as const;

export const USAGE = `npm run chaos -- [options]

Opens connections from containers, builds and the host of a lab while networks come and go, dockerd restarts, rules are
flushed, the agent is killed, the uplink fails and the policy changes. Nothing may leave with a port out of range.

  --seed N          the order of the disturbances (default: a new one, which is printed)
  --connections N   how many are tried at least (default: ${CONNECTIONS.toLocaleString('en')})
  --rate N          connections a second, of all origins together (default: ${PER_SECOND})
  --out FILE        writes the page there as well
  --json            one JSON document instead of the page (npm run --silent keeps npm's own words out of it)

Exit codes: 0 as promised, 1 not as promised, 2 wrong usage, 3 the system refused, 130 interrupted.
`;

/** What a person asked for. */
export interface Ask {
  readonly seed: number | undefined;
  readonly connections: number;
  readonly perSecond: number;
  readonly out: string | undefined;
  readonly json: boolean;
}

const OPTIONS = {
  seed: { type: 'string' },
  connections: { type: 'string' },
  rate: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const wrong = (message: string): PortfenceError =>
  new PortfenceError('USAGE', message, { hint: 'npm run chaos -- --help' });

/** Throws PortfenceError USAGE with the word that is wrong. */
export function readArguments(args: readonly string[]): Ask | 'help' {
  const values = parsed(args);
  if (values.help) return 'help';
  const whole = (name: 'seed' | 'connections' | 'rate', least: number): number | undefined => {
    const word = values[name];
    if (word === undefined) return undefined;
    const number = Number(word);
    if (!/^\d+$/.test(word) || number < least || number > MOST[name])
      throw wrong(`--${name} ${word}: write a whole number, ${least} to ${MOST[name]}`);
    return number;
  };
  return {
    seed: whole('seed', 0),
    connections: whole('connections', 1) ?? CONNECTIONS,
    perSecond: whole('rate', 4) ?? PER_SECOND,
    out: values.out,
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

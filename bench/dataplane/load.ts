import { PortfenceError } from '../../src/errors.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { benchProgram } from './program-file.ts';

/** Where the peer's servers for loads listen, on each of its addresses. */
export const PORTS = { answer: 7100, hold: 7101, echo: 7102 } as const;

interface Destination {
  readonly host: string;
  readonly port: number;
}

/**
 * Connections to one destination from ports that the kernel chooses. `paced` and `udp` start `rate` new ones a second
 * whatever became of the earlier ones; `closed` keeps `together` of them going; `held` opens `count` and closes none.
 */
export type Load =
  | { readonly kind: 'paced' | 'udp'; readonly to: Destination; readonly rate: number; readonly seconds: number }
  | { readonly kind: 'closed'; readonly to: Destination; readonly together: number; readonly seconds: number }
  | { readonly kind: 'held'; readonly to: Destination; readonly count: number; readonly seconds: number };

/** What a load came to. */
export interface Loaded {
  readonly started: number;
  /** No answer within 8 s, or an error. */
  readonly failed: number;
  /** Seconds from the first to the last. */
  readonly seconds: number;
  /**
   * Milliseconds, ascending, of those that did not fail: until the connection was open (`udp`: until the answer came); for
   * `held`, since the first was opened.
   */
  readonly latencies: readonly number[];
}

/** Loads from inside a namespace. Throws SYSTEM where the generator itself fails. */
export async function loadFrom(client: Pick<Namespace, 'run'>, load: Load): Promise<Loaded> {
  const timeoutMs = (load.seconds + 60) * 1000;
  const { code, stdout, stderr } = await client.run(benchProgram('load', JSON.stringify(load)), { timeoutMs });
  if (code !== 0) throw new PortfenceError('SYSTEM', `the load generator ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout) as Loaded;
}

/** Several loads at once as one. */
export function together(loads: readonly Loaded[]): Loaded {
  const sum = (of: (one: Loaded) => number): number => loads.reduce((total, one) => total + of(one), 0);
  return {
    started: sum(({ started }) => started),
    failed: sum(({ failed }) => failed),
    seconds: Math.max(0, ...loads.map(({ seconds }) => seconds)),
    latencies: loads.flatMap(({ latencies }) => latencies).sort((a, b) => a - b),
  };
}

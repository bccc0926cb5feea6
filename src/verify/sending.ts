import { PortfenceError } from '../errors.ts';
import type { Family } from '../ports.ts';
import { builtProgram } from '../system/built-program.ts';
import type { Origin } from './origin.ts';
import type { SentProtocol } from './result.ts';

/** Connections of one kind from one origin to one address. */
export interface Volley {
  readonly family: Family;
  readonly protocol: SentProtocol;
  readonly address: string;
  /** Destination ports, taken in turn. */
  readonly to: readonly number[];
  /** Source ports; 0 lets the kernel choose. */
  readonly from: readonly number[];
  /** Taken in the place of source ports that are in use. */
  readonly spares: readonly number[];
}

/** A connection that was opened, or why not (`EPERM`, `ENETUNREACH`, ...). */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly error?: string;
}

/** Milliseconds for starting the program, and for each wave of 128 connections. */
const START_MS = 10_000;
const WAVE_MS = 200;

/** Sends the volleys one after the other; gives what was sent for each, in their order. Throws SYSTEM where nothing could run. */
export async function send(
  origin: Origin,
  volleys: readonly Volley[],
  signal?: AbortSignal,
): Promise<readonly (readonly Sent[])[]> {
  const waves = volleys.reduce((sum, { from }) => sum + Math.ceil(from.length / 128), 0);
  const done = await origin.run(builtProgram('verify/programs/send'), {
    input: JSON.stringify(volleys),
    signal,
    timeoutMs: START_MS + waves * WAVE_MS,
  });
  if (done.code === 0) return JSON.parse(done.stdout) as Sent[][];
  throw new PortfenceError('SYSTEM', `the connections from ${origin.label} could not be opened`, {
    detail: done.stderr.trim(),
  });
}

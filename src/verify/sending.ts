import { PortfenceError } from '../errors.ts';
import type { Family } from '../ports.ts';
import { ownProgram } from '../system/own-program.ts';
import type { Origin, SentProtocol } from './model.ts';

/** Connections of one protocol from one origin to one address. */
export interface Sending {
  readonly family: Family;
  readonly protocol: SentProtocol;
  readonly address: string;
  /** Destination ports, taken in turn. */
  readonly to: readonly number[];
  /** Source ports; 0 lets the kernel choose. */
  readonly from: readonly number[];
  /** Taken in the place of source ports that are in use. */
  readonly spares: readonly number[];
  /** Milliseconds to wait for answers; 0 for an address that does not answer. */
  readonly answerMs: number;
}

/** A connection that was opened, or why not (`EPERM`, `ENETUNREACH`, ...). */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly error?: string;
  /** Whether the peer sent anything back, a refusal included. */
  readonly answered?: boolean;
}

/** Milliseconds for starting the program, and for each wave of 128 connections besides waiting for answers. */
const START_MS = 10_000;
const WAVE_MS = 200;

/** Sends them one after the other; gives what was sent for each, in their order. Throws SYSTEM where nothing could run. */
export async function send(
  origin: Pick<Origin, 'label' | 'run'>,
  sendings: readonly Sending[],
  signal?: AbortSignal,
): Promise<readonly (readonly Sent[])[]> {
  const time = sendings.reduce(
    (sum, { from, answerMs }) => sum + Math.ceil(from.length / 128) * (WAVE_MS + answerMs),
    0,
  );
  const done = await origin.run(ownProgram('verify/programs/send'), {
    input: JSON.stringify(sendings),
    signal,
    timeoutMs: START_MS + time,
  });
  if (done.code === 0) return JSON.parse(done.stdout) as Sent[][];
  throw new PortfenceError('SYSTEM', `the connections from ${origin.label} could not be opened`, {
    detail: done.stderr.trim(),
  });
}

import { startCoprocess } from '../system/child.ts';
import { ownProgram } from '../system/own-program.ts';
import type { Namespace } from './namespace.ts';

/** A connection that stays open and exchanges data all the time. */
export interface HeldConnection {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** An address and a port where the peer echoes the source that it sees. */
  readonly host: string;
  readonly port: number;
  /** The port that it is bound to; the next one of the list after each cut. */
  readonly sourcePorts: readonly number[];
}

/** Which connections the program holds, and how it talks over them. */
export interface HoldOrder {
  /** Milliseconds between two words. */
  readonly everyMs: number;
  /** Milliseconds without an answer after which a connection counts as cut. */
  readonly silentMs: number;
  readonly connections: readonly HeldConnection[];
}

/** A connection has had its first answer, or will have no more: reset, closed or silent. Times are milliseconds since the epoch. */
export type HeldConnectionEvent = {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly sourcePort: number;
} & (
  | { readonly what: 'opened'; readonly at: number }
  | { readonly what: 'cut'; readonly answeredAt: number; readonly at: number; readonly why: string }
);

/** Keeps the connections open until it is stopped. */
export function startHolding(
  from: Pick<Namespace, 'enter'>,
  order: HoldOrder,
  onEvent: (event: HeldConnectionEvent) => void,
): { readonly ended: Promise<void>; stop(): Promise<void> } {
  return startCoprocess(from.enter(ownProgram('lab/programs/hold-connections', JSON.stringify(order))), (line) =>
    onEvent(JSON.parse(line) as HeldConnectionEvent),
  );
}

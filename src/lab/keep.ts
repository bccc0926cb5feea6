import { follow } from '../system/follow.ts';
import type { Namespace } from './namespace.ts';
import { labProgram } from './program-file.ts';

/** A connection that stays open and carries words there and back all the time. */
export interface KeptConnection {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** An address and a port where the peer tells how it sees us. */
  readonly host: string;
  readonly port: number;
  /** The port that it is bound to; the next one of the list after each cut. */
  readonly sourcePorts: readonly number[];
}

export interface KeepOrder {
  /** Milliseconds between two words. */
  readonly everyMs: number;
  /** Milliseconds without an answer after which a connection counts as cut. */
  readonly silentMs: number;
  readonly connections: readonly KeptConnection[];
}

/** A connection has had its first answer, or will have no more: reset, closed or silent. Times are milliseconds since the epoch. */
export type KeepEvent = { readonly name: string; readonly protocol: 'tcp' | 'udp'; readonly sourcePort: number } & (
  | { readonly what: 'opened'; readonly at: number }
  | { readonly what: 'cut'; readonly answeredAt: number; readonly at: number; readonly why: string }
);

/** Keeps the connections open until it is stopped. */
export function startKeeping(
  from: Pick<Namespace, 'enter'>,
  order: KeepOrder,
  onEvent: (event: KeepEvent) => void,
): { readonly ended: Promise<void>; stop(): Promise<void> } {
  return follow(from.enter(labProgram('keep', JSON.stringify(order))), (line) =>
    onEvent(JSON.parse(line) as KeepEvent),
  );
}

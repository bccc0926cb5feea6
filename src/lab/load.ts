import { startCoprocess } from '../system/child.ts';
import { ownProgram } from '../system/own-program.ts';
import type { Namespace } from './namespace.ts';

/** One kind of connection that a load opens again and again. */
export interface LoadKind {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** Addresses where the peer echoes the source that it sees, taken in turn. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Source ports (inclusive) that are bound, spread over all of them; the kernel chooses where it is undefined. */
  readonly bound: { readonly from: number; readonly to: number } | undefined;
}

/** Which connections the load generator opens, and how many a second. */
export interface LoadOrder {
  readonly perSecond: number;
  /** Milliseconds until a connection counts as silent. */
  readonly timeoutMs: number;
  /** Where the bound ports begin. */
  readonly seed: number;
  readonly kinds: readonly LoadKind[];
}

/** How connections of one kind ended; failures by the error's code. */
export interface LoadTally {
  answered: number;
  silent: number;
  readonly failed: Record<string, number>;
}

/** Opens connections from a namespace until it is stopped; `onTally` gets what ended, by kind, twice a second. */
export function startLoad(
  from: Pick<Namespace, 'enter'>,
  order: LoadOrder,
  onTally: (tally: Readonly<Record<string, LoadTally>>) => void,
): { readonly ended: Promise<void>; stop(): Promise<void> } {
  return startCoprocess(from.enter(ownProgram('lab/programs/load', JSON.stringify(order))), (line) => {
    if (line.startsWith('{')) onTally(JSON.parse(line) as Record<string, LoadTally>);
  });
}

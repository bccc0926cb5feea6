import { FAMILY, TABLE } from './table.ts';

const OURS = `${FAMILY} ${TABLE}`;

/** What our table holds at present, by name; how it is read is the observing stage's business. */
export interface Present {
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly counters: readonly string[];
}

/**
 * Puts a table (its creation commands) in the place of what is there, in one transaction. The table itself and its counters
 * stay, so that counting goes on and no packet ever meets a host without NAT; chains and sets are made anew, since neither a
 * hook's priority nor a set's flags can be changed in place.
 */
export function replacement(
  creation: readonly string[],
  counters: readonly string[],
  present: Present | undefined,
): readonly string[] {
  if (!present) return creation;
  return [
    ...present.chains.map((name) => `flush chain ${OURS} ${name}`),
    ...present.chains.map((name) => `delete chain ${OURS} ${name}`),
    ...present.sets.map((name) => `delete set ${OURS} ${name}`),
    ...present.counters.filter((name) => !counters.includes(name)).map((name) => `delete counter ${OURS} ${name}`),
    ...creation,
  ];
}

/** Takes the whole table away. */
export const deletion: readonly string[] = [`delete table ${OURS}`];

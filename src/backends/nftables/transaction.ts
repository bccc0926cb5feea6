import { FAMILY, TABLE } from './table.ts';

const OURS = `${FAMILY} ${TABLE}`;

/** What our table holds at present, by name; how it is read is the observing stage's business. */
export interface Present {
  readonly chains: readonly string[];
  /** Base chains that hook as they ought to, and stay. */
  readonly hooked: readonly string[];
  readonly sets: readonly string[];
  /** Sets that are as they ought to be, elements too, and stay. */
  readonly filled: readonly string[];
  readonly counters: readonly string[];
}

/**
 * Puts a table (its creation commands) in the place of what is there, in one transaction. The table itself and its counters
 * stay, so that counting goes on and no packet ever meets a host without NAT. So do base chains that hook as they ought to: a
 * packet that has passed a new one by the old generation and meets the old one by the new generation would meet no rule at
 * all (nf_tables_commit, nft_do_chain); and sets that are as they ought to be: a new one that holds intervals is empty for the moment
 * from the new generation to the end of the commit (nft_set_commit_update). Whatever else there is comes anew, since neither a
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
    ...present.chains.filter((name) => !present.hooked.includes(name)).map((name) => `delete chain ${OURS} ${name}`),
    ...present.sets.filter((name) => !present.filled.includes(name)).map((name) => `delete set ${OURS} ${name}`),
    ...present.counters.filter((name) => !counters.includes(name)).map((name) => `delete counter ${OURS} ${name}`),
    ...creation.filter((line) => !present.filled.some((name) => isOfSet(line, name))),
  ];
}

const isOfSet = (line: string, name: string): boolean =>
  line.startsWith(`add set ${OURS} ${name} `) || line.startsWith(`add element ${OURS} ${name} `);

/** Takes the whole table away. */
export const deletion: readonly string[] = [`delete table ${OURS}`];

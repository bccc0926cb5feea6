import { FAMILIES, type Family } from '../../ports.ts';
import { type CreatedTable, createdTables, sections } from './creation.ts';
import { headerOf } from './render.ts';
import { JUMP, ROOT, TABLES, type TableName, type Variant } from './rules.ts';

/** What one table of one family holds of ours. */
export interface PresentTable {
  readonly family: Family;
  readonly table: TableName;
  /** Our chains; those in `asWanted` hold exactly the rules that they ought to. */
  readonly chains: readonly string[];
  readonly asWanted: readonly string[];
  /** Our jumps in POSTROUTING, in iptables' words, and whether the first rule of it is the only one. */
  readonly jumps: readonly string[];
  readonly jumpsFirst: boolean;
  /** What a counting rule of a chain has counted: `PACKETS:BYTES` by chain and name of the counter. */
  readonly counted: ReadonlyMap<string, string>;
}

export const countedKey = (chain: string, counter: string): string => `${chain} ${counter}`;

/**
 * Puts the rules (their creation commands) in the place of what is there. Each table is one transaction. Chains that are as
 * they ought to be are not touched; those made anew take their counters along.
 */
export function replacement(
  creation: readonly string[],
  present: readonly PresentTable[],
  variant: Variant,
): readonly string[] {
  const wanted = sections(creation);
  return FAMILIES.flatMap((family) => {
    const section = wanted.find((one) => one.family === family);
    const created = section ? createdTables(section) : [];
    const lines = TABLES.flatMap((table) =>
      tableLines(
        created.find((one) => one.table === table) ?? { table, chains: [] },
        present.find((one) => one.family === family && one.table === table),
      ),
    );
    return lines.length === 0 ? [] : [headerOf(family, variant), ...lines];
  });
}

/** Takes every chain and jump of ours away. */
export function deletion(present: readonly PresentTable[], variant: Variant): readonly string[] {
  return replacement([], present, variant);
}

function tableLines({ table, chains }: CreatedTable, present: PresentTable | undefined): readonly string[] {
  const touched = chains.filter(({ name }) => !present?.asWanted.includes(name));
  const stale = (present?.chains ?? []).filter((name) => !chains.some((chain) => chain.name === name));
  const jumpStays = chains.length > 0 && present?.jumpsFirst === true;
  const commands = [
    ...touched.map(({ name }) => `:${name} - [0:0]`),
    ...(jumpStays ? [] : (present?.jumps ?? []).map((text) => `-D POSTROUTING ${text}`)),
    ...stale.map((name) => `-F ${name}`),
    ...touched.flatMap((chain) => countedRules(chain, present)),
    ...(jumpStays || chains.length === 0 ? [] : [`-I POSTROUTING 1 ${JUMP}`]),
    ...stale.map((name) => `-X ${name}`),
  ];
  return commands.length === 0 ? [] : [`*${table}`, ...commands, 'COMMIT'];
}

function countedRules(
  { name, rules }: CreatedTable['chains'][number],
  present: PresentTable | undefined,
): readonly string[] {
  const left = new Map(present?.counted);
  return rules.map((rule) => {
    const key = countedKey(name, /--comment "(\S+)/.exec(rule)?.[1] ?? '');
    const count = left.get(key);
    left.delete(key); // Several rules of one counter: the sum stands at the first.
    return count === undefined ? rule : `[${count}] ${rule}`;
  });
}

const DRAIN_RULE = `-A ${ROOT} -m conntrack --ctstate NEW -m comment --comment "drain: maps nothing, carries what was mapped to its end" -j RETURN`;

/**
 * What stays while mapped connections live: a rule that maps nothing. It asks for the connection's state, since only a rule that
 * does so keeps connection tracking switched on (xt_conntrack.c, nf_ct_netns_get).
 */
export function drainCreation(families: readonly Family[], variant: Variant): readonly string[] {
  return families.flatMap((family) => [
    headerOf(family, variant),
    '*nat',
    `:${ROOT} - [0:0]`,
    DRAIN_RULE,
    `-I POSTROUTING 1 ${JUMP}`,
    'COMMIT',
  ]);
}

import { missing } from '../../observe/ask.ts';
import { savedRules } from '../../observe/saved-rules.ts';
import { counterKey, UNTRACKED, UNTRANSLATED } from '../../plan/counters.ts';
import { FAMILIES, type Family } from '../../ports.ts';
import type { System } from '../../system/system.ts';
import type { FenceChain, FenceCounter, FenceListing, FenceRule } from '../listing.ts';
import { toolName } from './render.ts';
import { isOurs, ROOT, TABLES, type TableName, type Variant } from './rules.ts';
import { readSave, type SavedRule, type SavedTable } from './save.ts';

/** A chain of one table of one family, as a name: `iptables nat PORTFENCE-host`. */
export const listedName = (family: Family, table: string, chain: string): string =>
  `${family === 'ipv4' ? 'iptables' : 'ip6tables'} ${table} ${chain}`;

/** Whether a rule of POSTROUTING is the fence's jump. */
export const isJump = (text: string): boolean => text.endsWith(` -j ${ROOT}`) || text === `-j ${ROOT}`;

/** Our chains in iptables' tables, and POSTROUTING down to our jump. Undefined where there is nothing of ours. */
export async function observeIptables(
  system: System,
  variant: Variant,
  families: readonly Family[] = FAMILIES,
): Promise<FenceListing | undefined> {
  const texts = await Promise.all(families.map((family) => savedRules(system, { family, variant, options: ['-c'] })));
  if (texts.every((text) => text === undefined)) throw missing(toolName('ipv4', variant, 'save'));
  // A family without its program holds nothing of ours.
  return iptablesFence(families.map((family, i) => ({ family, tables: readSave(texts[i] ?? '') })));
}

export interface Saved {
  readonly family: Family;
  readonly tables: readonly SavedTable[];
}

/** What is ours in the tables of both families. */
export function iptablesFence(saved: readonly Saved[]): FenceListing | undefined {
  const own = saved.flatMap(({ family, tables }) =>
    TABLES.flatMap((name) => tables.filter((table) => table.name === name).map((table) => ({ family, name, table }))),
  );
  const chains = own.flatMap(({ family, name, table }) => ownChains(family, name, table));
  if (chains.length === 0) return undefined;
  const rules = own.flatMap(({ table }) => table.rules.filter(({ chain }) => isOurs(chain)));
  return { chains, sets: [], counters: counters(rules), others: [], foreignNat: foreignNat(own) };
}

function ownChains(family: Family, name: TableName, table: SavedTable): readonly FenceChain[] {
  const rulesOf = (chain: string) => table.rules.filter((rule) => rule.chain === chain);
  const mine = table.chains.filter((chain) => isOurs(chain.name));
  const postrouting = rulesOf('POSTROUTING');
  const last = postrouting.findLastIndex(({ text }) => isJump(text));
  if (mine.length === 0 && last < 0) return [];
  return [
    {
      name: listedName(family, name, 'POSTROUTING'),
      base: {
        type: name === 'nat' ? 'nat' : 'filter',
        hook: 'postrouting',
        priority: name === 'nat' ? 100 : -150,
        policy: undefined,
      },
      rules: postrouting.slice(0, last + 1).map(asRule),
    },
    ...mine.map((chain) => ({ name: listedName(family, name, chain.name), rules: rulesOf(chain.name).map(asRule) })),
  ];
}

function asRule({ text, comment, packets, bytes }: SavedRule, index: number): FenceRule {
  return { ...(comment === undefined ? {} : { comment }), expr: [text], handle: index + 1, count: { packets, bytes } };
}

/** The counter that a rule is, by the first word of its comment. */
export function counterOf(comment: string | undefined): string | undefined {
  const word = comment?.split(' ', 1)[0] ?? '';
  return counterKey(word) || word === UNTRACKED || word === UNTRANSLATED ? word : undefined;
}

function counters(rules: readonly SavedRule[]): readonly FenceCounter[] {
  const sums = new Map<string, FenceCounter>();
  for (const { comment, packets, bytes } of rules) {
    const name = counterOf(comment);
    if (name === undefined) continue;
    const before = sums.get(name) ?? { name, packets: 0, bytes: 0 };
    sums.set(name, { name, packets: before.packets + packets, bytes: before.bytes + bytes });
  }
  return [...sums.values()];
}

/** Families whose nat table also holds mappings that are not ours: these carry on what was mapped. */
function foreignNat(own: readonly { family: Family; name: TableName; table: SavedTable }[]): readonly Family[] {
  const maps = / -j (?:MASQUERADE|SNAT|DNAT|REDIRECT|NETMAP)(?: |$)/;
  return FAMILIES.filter((family) =>
    own.some(
      (one) =>
        one.family === family &&
        one.name === 'nat' &&
        one.table.rules.some(({ chain, text }) => !isOurs(chain) && maps.test(` ${text}`)),
    ),
  );
}

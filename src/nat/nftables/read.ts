import type { Family } from '../../ports.ts';
import type { BaseChain, NatRule } from '../model.ts';
import type { Context } from './matches.ts';
import { readRule } from './rules.ts';
import { type NftChain, type NftTable, readTables } from './ruleset.ts';

/** A base chain with what tells the order of those that share its priority: the handles of table and chain. */
export interface ListedBaseChain extends BaseChain {
  readonly registered: readonly [table: number, chain: number];
}

const FAMILIES: Readonly<Record<string, readonly Family[]>> = { ip: ['ipv4'], ip6: ['ipv6'], inet: ['ipv4', 'ipv6'] };
const OURS = /^portfence/;

/**
 * The nat chains at postrouting of `nft -j list ruleset` by family, our own left out. Rules that iptables-nft made are opaque
 * here (nft does not tell what they say). Throws SYSTEM where the text is no listing of nft.
 */
export function readRuleset(json: string): Readonly<Record<Family, readonly ListedBaseChain[]>> {
  const tables = readTables(json).filter(({ name, isDormant }) => !OURS.test(name) && !isDormant);
  const chainsOf = (family: Family) =>
    tables
      .filter((table) => Object.hasOwn(FAMILIES, table.family) && FAMILIES[table.family]?.includes(family))
      .flatMap((table) =>
        [...table.chains.values()]
          .filter(({ base }) => base?.type === 'nat' && base.hook === 'postrouting')
          .map((chain) => readBaseChain(chain, { table, family })),
      );
  return { ipv4: chainsOf('ipv4'), ipv6: chainsOf('ipv6') };
}

function readBaseChain({ name, handle, base }: NftChain, context: Context): ListedBaseChain {
  const { table } = context;
  return {
    backend: 'nftables',
    table: tableName(table),
    name,
    priority: base?.priority ?? 0,
    policy: base?.drops ? 'drop' : 'accept',
    chains: reachable(name, context),
    registered: [table.handle, handle],
  };
}

export const tableName = ({ family, name }: Pick<NftTable, 'family' | 'name'>): string => `${family} ${name}`;

function reachable(start: string, context: Context): ReadonlyMap<string, readonly NatRule[]> {
  const chains = new Map<string, readonly NatRule[]>();
  const wanted = [start];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (chains.has(name)) continue;
    const chain = name;
    const rules = (context.table.chains.get(chain)?.rules ?? []).flatMap((rule) => readRule(rule, chain, context));
    chains.set(chain, rules);
    for (const { verdict } of rules) if (verdict.do === 'jump' || verdict.do === 'goto') wanted.push(verdict.chain);
  }
  return chains;
}

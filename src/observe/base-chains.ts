import type { Family } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { ask } from './ask.ts';
import { legacyMasquerade, legacyNatTables } from './legacy-nat.ts';
import { readNftObjects } from './nft-objects.ts';
import { integer, text } from './untrusted.ts';

/** A chain of an nft table, by name. */
export interface RegularChain {
  /** nft's word: ip, ip6, inet, bridge, arp, netdev. */
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** A chain that the kernel calls by itself. Priorities are numbers: nat at postrouting is 100 (srcnat) by custom. */
export interface BaseChain extends RegularChain {
  readonly type: string;
  readonly hook: string;
  readonly priority: number;
  readonly policy: string | undefined;
}

/** The chains of a host, and what is known of the NAT in them. */
export interface ChainListing {
  readonly baseChains: readonly BaseChain[];
  readonly regularChains: readonly RegularChain[];
}

/** The chains of nftables (iptables-nft included), and the families of iptables-legacy that have a nat table, or masquerade. */
export interface AllChainListings extends ChainListing {
  readonly legacyNat: readonly Family[];
  readonly legacyMasquerade: readonly Family[];
}

/** Throws NOT_ROOT, TOOL_MISSING where nft is missing, or SYSTEM. */
export async function observeBaseChains(system: System): Promise<AllChainListings> {
  const [json, legacyNat] = await Promise.all([ask(system, ['nft', '-j', 'list', 'chains']), legacyNatTables(system)]);
  return { ...readBaseChains(json), legacyNat, legacyMasquerade: await legacyMasquerade(system, legacyNat) };
}

/** Reads `nft -j list chains`. */
export function readBaseChains(json: string): ChainListing {
  const baseChains: BaseChain[] = [];
  const regularChains: RegularChain[] = [];
  for (const [kind, chain] of readNftObjects(json)) {
    const [family, table, name] = [text(chain['family']), text(chain['table']), text(chain['name'])];
    if (kind !== 'chain' || family === undefined || table === undefined || name === undefined) continue;
    const names = { family: scrub(family), table: scrub(table), name: scrub(name) };
    const [type, hook, priority] = [text(chain['type']), text(chain['hook']), integer(chain['prio'])];
    if (type === undefined || hook === undefined || priority === undefined) regularChains.push(names);
    else {
      const policy = text(chain['policy']);
      baseChains.push({ ...names, type, hook, priority, policy });
    }
  }
  return { baseChains, regularChains };
}

import type { Family } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { ask } from './ask.ts';
import { legacyMasquerade, legacyNatTables } from './legacy-nat.ts';
import { readNftObjects } from './nft-objects.ts';
import { integer, text } from './untrusted.ts';

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

export interface Chains {
  readonly baseChains: readonly BaseChain[];
  readonly regularChains: readonly RegularChain[];
}

/** The chains of nftables (iptables-nft included), and the families of iptables-legacy that have a nat table, or masquerade. */
export interface AllChains extends Chains {
  readonly legacyNat: readonly Family[];
  readonly legacyMasquerade: readonly Family[];
}

/** Throws NOT_ROOT, TOOL_MISSING where nft is missing, or SYSTEM. */
export async function observeBaseChains(system: System): Promise<AllChains> {
  const [json, legacyNat] = await Promise.all([ask(system, ['nft', '-j', 'list', 'chains']), legacyNatTables(system)]);
  return { ...readBaseChains(json), legacyNat, legacyMasquerade: await legacyMasquerade(system, legacyNat) };
}

/** Reads `nft -j list chains`. */
export function readBaseChains(json: string): Chains {
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

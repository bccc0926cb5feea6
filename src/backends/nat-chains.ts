import { unlessMissing } from '../observe/ask.ts';
import { type AllChainListings, type BaseChain, observeBaseChains } from '../observe/base-chains.ts';
import type { System } from '../system/system.ts';
import { LEGACY_TABLE } from './iptables/backend.ts';

/** A nat chain; `idle` where it is known to map no source. */
export type NatChain = BaseChain & { readonly idle?: boolean };

/**
 * Every nat chain of the kernel, those of iptables-legacy included; without nft none are known. A caller that has listed the
 * host's chains already passes them as `chains`.
 */
export async function observeNatChains(
  system: System,
  chains: Promise<AllChainListings> = observeBaseChains(system),
): Promise<readonly NatChain[]> {
  const all = await unlessMissing(chains);
  if (!all) return [];
  return [
    ...all.baseChains.filter(({ type }) => type === 'nat'),
    ...all.legacyNat.map(
      (family): NatChain => ({
        family: family === 'ipv4' ? 'ip' : 'ip6',
        table: LEGACY_TABLE,
        name: 'POSTROUTING',
        type: 'nat',
        hook: 'postrouting',
        priority: 100,
        policy: undefined,
        idle: !all.legacyMasquerade.includes(family),
      }),
    ),
  ];
}

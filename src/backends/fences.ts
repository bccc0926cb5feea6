import { unlessMissing } from '../observe/ask.ts';
import { type AllChainListings, observeBaseChains } from '../observe/base-chains.ts';
import { legacyNatTables } from '../observe/legacy-nat.ts';
import type { System } from '../system/system.ts';
import type { Backend, BackendId } from './backend.ts';
import { backendNamed } from './choose.ts';
import { isOurs } from './iptables/rules.ts';
import type { FenceListing } from './listing.ts';

/** Rules of ours that are there, and the backend that made them. */
export interface Fence {
  readonly backend: Backend;
  readonly listing: FenceListing;
}

/**
 * Every fence that the kernel holds, whichever backend made it; the state file is not read. A caller that has listed the
 * host's chains already passes them as `chains`. Throws NOT_ROOT or SYSTEM.
 */
export async function presentFences(
  system: System,
  chains: Promise<AllChainListings> = observeBaseChains(system),
): Promise<readonly Fence[]> {
  const ids = await likelyBackends(system, chains);
  const found = await Promise.all(
    ids.map(async (id): Promise<readonly Fence[]> => {
      const backend = await backendNamed(system, id);
      const listing = await unlessMissing(backend.observe(system));
      return listing ? [{ backend, listing }] : [];
    }),
  );
  return found.flat();
}

/**
 * Backends that may have rules here: nft lists the chains of iptables-nft as well, and the kernel tells whether
 * iptables-legacy has tables at all, which its own commands would make by asking for them.
 */
async function likelyBackends(system: System, chains: Promise<AllChainListings>): Promise<readonly BackendId[]> {
  const known = await unlessMissing(chains);
  const legacy = known ? known.legacyNat : await legacyNatTables(system);
  const inIptables = known?.regularChains.some(
    ({ table, name }) => (table === 'nat' || table === 'mangle') && isOurs(name),
  );
  return [
    'nftables',
    ...(inIptables === false ? [] : (['iptables-nft'] as const)),
    ...(legacy.length > 0 ? (['iptables-legacy'] as const) : []),
  ];
}

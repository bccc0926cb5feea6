import { ask, unlessMissing } from '../observe/ask.ts';
import { readBaseChains } from '../observe/base-chains.ts';
import type { FenceListing } from '../observe/fence.ts';
import { legacyNatTables } from '../observe/legacy-nat.ts';
import { isOurs } from '../plan/iptables/rules.ts';
import type { System } from '../system/system.ts';
import type { Backend, BackendId } from './backend.ts';
import { backendNamed } from './choose.ts';

/** Rules of ours that are there, and the backend that made them. */
export interface Fence {
  readonly backend: Backend;
  readonly listing: FenceListing;
}

/** Every fence that is there, whichever backend made it; what is remembered is not asked. Throws NOT_ROOT or SYSTEM. */
export async function presentFences(system: System): Promise<readonly Fence[]> {
  const ids = await likelyBackends(system);
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
async function likelyBackends(system: System): Promise<readonly BackendId[]> {
  const [json, legacy] = await Promise.all([
    unlessMissing(ask(system, ['nft', '-j', 'list', 'chains'])),
    legacyNatTables(system),
  ]);
  const chains = json === undefined ? undefined : readBaseChains(json).regularChains;
  const inIptables = chains?.some(({ table, name }) => (table === 'nat' || table === 'mangle') && isOurs(name));
  return [
    'nftables',
    ...(inIptables === false ? [] : (['iptables-nft'] as const)),
    ...(legacy.length > 0 ? (['iptables-legacy'] as const) : []),
  ];
}

import { sections } from './iptables/creation.ts';
import { standalone } from './nftables/standalone.ts';

/** Files that hold a fence for a boot, which loads them with the backend's own programs and nothing of ours. */
export const BOOT_FILES = ['fence.nft', 'fence.iptables', 'fence.ip6tables'] as const;
export type BootFile = (typeof BOOT_FILES)[number];

/**
 * The commands of a creation by file. For nft they can be loaded whatever is there; for iptables-restore only where nothing of ours is.
 * Empty for an empty creation.
 */
export function bootFiles(creation: readonly string[]): ReadonlyMap<BootFile, readonly string[]> {
  const byFamily = sections(creation);
  if (byFamily.length === 0) return creation.length === 0 ? new Map() : new Map([['fence.nft', standalone(creation)]]);
  return new Map(
    byFamily.map(({ family, lines }) => [family === 'ipv4' ? 'fence.iptables' : 'fence.ip6tables', lines]),
  );
}

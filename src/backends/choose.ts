import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { Backend, BackendId, BackendRequest } from './backend.ts';
import { iptables, ownVariant } from './iptables/backend.ts';
import type { Variant } from './iptables/rules.ts';
import { learnListing } from './learnt.ts';
import type { FenceListing } from './listing.ts';
import { nftables } from './nftables/backend.ts';
import { whyNotNftables } from './nftables/needs.ts';

/** The backend that serves, why, and what the kernel makes of the plan with it. */
export interface Chosen {
  readonly backend: Backend;
  readonly asked: BackendRequest;
  readonly reason: string;
  readonly creation: readonly string[];
  readonly wanted: FenceListing;
  /** Told from memory: sure where it equals what is there, else to be asked for anew. */
  readonly isRemembered: boolean;
}

const VARIANT_OF = { 'iptables-nft': 'nft', 'iptables-legacy': 'legacy' } as const;

/** The backend of that name, as this kernel lets it work. */
export async function backendNamed(system: System, id: BackendId): Promise<Backend> {
  if (id === 'nftables') return nftables;
  const variant = VARIANT_OF[id];
  const [arrival, families] = await Promise.all([seesArrival(system), heldFamilies(system, variant)]);
  return iptables({ variant, seesArrival: arrival, families });
}

/** What the kernel is known to make of these commands; undefined where it has to be asked. */
export type KnownListing = (backend: Backend, creation: readonly string[]) => FenceListing | undefined;

/**
 * nftables where nft loads the rules in an empty network namespace, else iptables; or the one that is asked for. Throws what
 * the asked one throws, and what nftables threw where neither works. What is `known` is not tried.
 */
export async function choose(
  system: System,
  {
    asked,
    plan,
    facts,
    known: knownListing,
  }: { asked: BackendRequest; plan: Plan; facts: HostFacts; known: KnownListing },
): Promise<Chosen> {
  const tried = async (backend: Backend, reason: string): Promise<Chosen> => {
    const creation = backend.creation(plan, facts);
    const known = knownListing(backend, creation);
    const wanted = known ?? (await learnListing(system, backend, creation));
    return { backend, asked, reason, creation, wanted, isRemembered: known !== undefined };
  };
  const iptablesOf = async (reason: string): Promise<Chosen> => {
    const variant = await ownVariant(system);
    return tried(
      await backendNamed(system, `iptables-${variant}`),
      `${reason}; the host's own iptables is the ${variant} one`,
    );
  };
  if (asked === 'iptables') return iptablesOf('asked for');
  if (asked !== 'auto') return tried(await backendNamed(system, asked), 'asked for');
  try {
    return await tried(nftables, 'nft loads the rules in an empty network namespace');
  } catch (error) {
    const why = await whyNotNftables(system, error);
    if (why === undefined) throw error;
    return iptablesOf(why).catch(() => {
      throw error;
    });
  }
}

/** Where the kernel was booted with ipv6.disable=1 ip6tables-legacy fails, since it opens a socket of IPv6; nft's does not. */
async function heldFamilies(system: System, variant: Variant): Promise<readonly Family[]> {
  if (variant === 'nft') return FAMILIES;
  const addresses = await system.readText('/proc/net/if_inet6').catch(() => '');
  return addresses === undefined ? ['ipv4'] : FAMILIES;
}

const FIRST_WITH_ARRIVAL = [5, 7] as const;

/** Whether the kernel tells at postrouting where a packet arrived; a version that can't be read is taken for a new one. */
async function seesArrival(system: System): Promise<boolean> {
  const release = await system.readText('/proc/sys/kernel/osrelease').catch(() => undefined);
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  if (major === undefined || minor === undefined) return true;
  const [wantedMajor, wantedMinor] = FIRST_WITH_ARRIVAL;
  return Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
}

import { PortfenceError } from '../errors.ts';
import type { FenceListing } from '../observe/fence.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import type { System } from '../system/system.ts';
import type { Backend, BackendId, BackendRequest } from './backend.ts';
import { iptables, ownVariant } from './iptables.ts';
import { script } from './nft-script.ts';
import { nftables } from './nftables.ts';

/** The backend that serves, why, and what the kernel makes of the plan with it. */
export interface Chosen {
  readonly backend: Backend;
  readonly asked: BackendRequest;
  readonly reason: string;
  readonly creation: readonly string[];
  readonly wanted: FenceListing;
}

const VARIANT_OF = { 'iptables-nft': 'nft', 'iptables-legacy': 'legacy' } as const;

/** The backend of that name, as this kernel lets it work. */
export async function backendNamed(system: System, id: BackendId): Promise<Backend> {
  if (id === 'nftables') return nftables;
  return iptables({ variant: VARIANT_OF[id], seesArrival: await seesArrival(system) });
}

/**
 * nftables where the kernel takes nat chains in inet tables, else iptables; or the one that is asked for. Throws what the
 * asked one throws, and what nftables threw where neither works.
 */
export async function choose(
  system: System,
  { asked, plan, facts }: { asked: BackendRequest; plan: Plan; facts: HostFacts },
): Promise<Chosen> {
  const tried = async (backend: Backend, reason: string): Promise<Chosen> => {
    const creation = backend.creation(plan, facts);
    return { backend, asked, reason, creation, wanted: await backend.wanted(system, creation) };
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
    return await tried(nftables, 'the kernel takes nat chains in inet tables');
  } catch (error) {
    const why = await whyNoInetNat(system, error);
    if (why === undefined) throw error;
    return iptablesOf(why).catch(() => {
      throw error;
    });
  }
}

/** The least that the fence needs of nftables, so that a fault in our own rules is not taken for a lack of the kernel's. */
const INET_NAT: readonly string[] = [
  'add table inet portfence',
  'add chain inet portfence confine { type nat hook postrouting priority 50; policy accept; }',
  'add rule inet portfence confine meta l4proto { tcp, udp } masquerade to :49152-61000',
];

async function whyNoInetNat(system: System, error: unknown): Promise<string | undefined> {
  if (!(error instanceof PortfenceError)) return undefined;
  if (error.code === 'TOOL_MISSING') return 'nft is missing';
  if (error.code !== 'KERNEL_REFUSED') return undefined;
  const { code } = await system.run(['unshare', '--net', 'nft', '-f', '-'], { input: script(INET_NAT) });
  return code === 0 ? undefined : 'the kernel takes no nat chains in inet tables (Linux 5.2)';
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

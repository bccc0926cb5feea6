import type { BackendId } from '../../src/backends/backend.ts';
import type { System } from '../../src/system/system.ts';
import { type Need, needs } from './needs.ts';

/** A backend as the contract suite runs it. */
export interface Flavour {
  readonly name: string;
  readonly backend: BackendId;
  /** The kernel release that portfence reads, where another one matters. */
  readonly release?: string;
}

const FLAVOURS: readonly Flavour[] = [
  { name: 'nftables', backend: 'nftables' },
  { name: 'iptables-nft', backend: 'iptables-nft' },
  { name: 'iptables-legacy', backend: 'iptables-legacy' },
];
const BEFORE_5_7: Flavour = {
  name: 'iptables-nft before Linux 5.7',
  backend: 'iptables-nft',
  release: '4.19.0-27-amd64',
};

/** Promises of the fence that not every backend can keep, and why. Everything that is not here holds for all. */
const CANNOT = {
  'a network that is masqueraded later is fenced from its first packet': {
    backends: ['iptables-nft', 'iptables-legacy'],
    why: 'rules that come to the head of POSTROUTING, or a nat chain made later at the same priority, get packets first',
  },
  'nothing is left in the tables of iptables': {
    backends: ['iptables-legacy'],
    why: 'tables of iptables-legacy stay once they were used; only our chains go',
  },
} as const satisfies Record<string, { backends: readonly BackendId[]; why: string }>;

/** Whether a backend keeps a promise; `CANNOT` says why one does not. */
export function holds(promise: keyof typeof CANNOT, { backend }: Flavour): boolean {
  return !(CANNOT[promise].backends as readonly BackendId[]).includes(backend);
}

/** The same tests for every backend; `old` adds iptables as a kernel before Linux 5.7 lets it work. */
export function onEachBackend(
  name: string,
  wanted: readonly Need[],
  tests: (flavour: Flavour) => void,
  { old = false }: { old?: boolean } = {},
): void {
  for (const flavour of [...FLAVOURS, ...(old ? [BEFORE_5_7] : [])]) {
    const tools: readonly Need[] = flavour.backend === 'nftables' ? wanted : [...wanted, 'iptables'];
    needs(...tools)(`${name}, with ${flavour.name}`, () => tests(flavour));
  }
}

/** The system as a flavour sees it. */
export function asFlavour<T extends System>(system: T, { release }: Flavour): T {
  if (release === undefined) return system;
  const readText: System['readText'] = async (path) =>
    path === '/proc/sys/kernel/osrelease' ? `${release}\n` : system.readText(path);
  return { ...system, readText };
}

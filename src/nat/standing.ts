import { FAMILIES, type Family } from '../ports.ts';
import { IPTABLES_PRIORITY, readSavedRules, type SavedRules } from './iptables/read.ts';
import type { BaseChain, StandingNat } from './model.ts';
import { type ListedBaseChain, readRuleset } from './nftables/read.ts';

/** The listings of one network namespace. Those of tools that are not there, or have no nat table, are left out. */
export interface NatListings {
  /** What `iptables-save` and `ip6tables-save` of each variant wrote. */
  readonly saved: readonly SavedRules[];
  /** What `nft -j list ruleset` wrote. */
  readonly ruleset?: string | undefined;
  /** Families with a nat table of iptables-legacy that no program here can list: its rules may say anything. */
  readonly unread?: readonly Family[];
}

const SOMETHING = 'rules that can not be listed here';
const UNREAD: BaseChain = {
  ...{ backend: 'iptables-legacy', table: 'nat', name: 'POSTROUTING', priority: IPTABLES_PRIORITY, policy: 'accept' },
  chains: new Map([
    [
      'POSTROUTING',
      [
        {
          when: [],
          verdict: { do: 'opaque', text: SOMETHING },
          source: { backend: 'iptables-legacy', table: 'nat', chain: 'POSTROUTING', text: SOMETHING },
        },
      ],
    ],
  ]),
};

/**
 * All source NAT of the listings in the kernel's order of asking, our own rules left out. The table that iptables-nft made is
 * taken from its own listing where that is given. Throws SYSTEM where the ruleset is no listing of nft.
 */
export function standingNat({ saved, ruleset, unread = [] }: NatListings): StandingNat {
  const listed = ruleset === undefined ? { ipv4: [], ipv6: [] } : readRuleset(ruleset);
  const [ipv4, ipv6] = FAMILIES.map((family) => {
    const ofIptables = [
      ...saved.filter((one) => one.family === family).flatMap((one) => readSavedRules(one) ?? []),
      ...(unread.includes(family) ? [UNREAD] : []),
    ];
    return inOrder(merge(listed[family], ofIptables, { family, isListed: ruleset !== undefined }));
  });
  return { ipv4: ipv4 ?? [], ipv6: ipv6 ?? [] };
}

/** nft lists the table of iptables-nft too, but not what its rules say; iptables-nft-save shows a table that is not there as well. */
function merge(
  listed: readonly ListedBaseChain[],
  saved: readonly BaseChain[],
  { family, isListed }: { readonly family: Family; readonly isListed: boolean },
): readonly ListedBaseChain[] {
  const isIptables = ({ table, name }: BaseChain) =>
    table === (family === 'ipv4' ? 'ip nat' : 'ip6 nat') && name === 'POSTROUTING';
  const nft = saved.find(({ backend }) => backend === 'iptables-nft');
  const merged = listed.map((chain) =>
    nft && isIptables(chain) ? { ...nft, priority: chain.priority, registered: chain.registered } : chain,
  );
  const unlisted = saved.filter((chain) => chain !== nft || !isListed);
  return [...merged, ...unlisted.map((chain) => ({ ...chain, registered: [0, 0] as const }))];
}

/** The one registered last comes first; the tables of iptables-legacy have no handle and are taken for the oldest. */
function inOrder(chains: readonly ListedBaseChain[]): readonly BaseChain[] {
  const newestFirst = [...chains].sort(
    (a, b) => a.priority - b.priority || b.registered[0] - a.registered[0] || b.registered[1] - a.registered[1],
  );
  return newestFirst.map(({ registered: _, ...chain }) => chain);
}

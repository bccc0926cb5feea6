import { type DnatTarget, dnatTargets } from '../nat/dnat.ts';
import type { SavedRules } from '../nat/iptables/read.ts';
import type { StandingNat } from '../nat/model.ts';
import { standingNat } from '../nat/standing.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { ask, unlessMissing } from './ask.ts';
import type { AllChainListings, BaseChain } from './base-chains.ts';
import { savedRules } from './saved-rules.ts';

/** The source NAT of others, and the servers behind this host that destination NAT leads to. */
export interface ForeignNat {
  readonly standing: StandingNat;
  readonly servers: readonly DnatTarget[];
}

const TABLES = { ipv4: 'ip', ipv6: 'ip6' } as const;
const NAT = ['-t', 'nat'];

/**
 * Reads everybody's NAT rules but ours: the nat tables of both variants of iptables where they are there, and the whole ruleset
 * where a nat chain stands in a table that iptables does not know. Throws what the tools' refusals throw.
 */
export async function observeForeignNat(system: System, chains: AllChainListings): Promise<ForeignNat> {
  const natives = chains.baseChains.some((chain) => isSourceNat(chain) && !isOfIptables(chain) && !isOurs(chain));
  const [ruleset, ...saved] = await Promise.all([
    natives ? unlessMissing(ask(system, ['nft', '-j', 'list', 'ruleset'])) : undefined,
    ...FAMILIES.flatMap((family) => [nftVariant(system, family, chains), legacyVariant(system, family, chains)]),
  ]);
  const listings = { saved: saved.flatMap((one) => one ?? []), ruleset };
  return { standing: standingNat(listings), servers: dnatTargets(listings) };
}

const isSourceNat = ({ type, hook }: BaseChain): boolean => type === 'nat' && hook === 'postrouting';
const isOurs = ({ family, table }: BaseChain): boolean => family === 'inet' && table === 'portfence';
const isOfIptables = ({ family, table, name }: BaseChain): boolean =>
  (family === 'ip' || family === 'ip6') && table === 'nat' && name === 'POSTROUTING';

async function nftVariant(system: System, family: Family, { baseChains, regularChains }: AllChainListings) {
  const isThere = [...baseChains, ...regularChains].some(
    (chain) => chain.family === TABLES[family] && chain.table === 'nat',
  );
  if (!isThere) return undefined;
  const text = await savedRules(system, { family, variant: 'nft', options: NAT });
  return text === undefined ? undefined : ({ backend: 'iptables-nft', family, text } satisfies SavedRules);
}

async function legacyVariant(system: System, family: Family, { legacyNat }: AllChainListings) {
  if (!legacyNat.includes(family)) return undefined;
  const text = await savedRules(system, { family, variant: 'legacy', options: NAT });
  return text === undefined ? undefined : ({ backend: 'iptables-legacy', family, text } satisfies SavedRules);
}

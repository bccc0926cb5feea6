import { type DnatTarget, dnatTargets } from '../nat/dnat.ts';
import type { SavedRules } from '../nat/iptables/read.ts';
import type { StandingNat } from '../nat/model.ts';
import { standingNat } from '../nat/standing.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { ask, unlessMissing } from './ask.ts';
import type { AllChainListings, BaseChain } from './base-chains.ts';
import { savedRules, savingTool } from './saved-rules.ts';

/** The source NAT of others, and the servers behind this host that destination NAT leads to. */
export interface ForeignNat {
  readonly standing: StandingNat;
  readonly servers: readonly DnatTarget[];
}

const TABLES = { ipv4: 'ip', ipv6: 'ip6' } as const;
const NAT = ['-t', 'nat'];

/**
 * Reads everybody's NAT rules but ours: the nat tables of both variants of iptables where they are there, and the whole ruleset
 * where a nat chain stands in a table that no iptables of this host reads. `notes` say what could not be read, one sentence each.
 * Throws what the tools' refusals throw.
 */
export async function observeForeignNat(
  system: System,
  chains: AllChainListings,
): Promise<ForeignNat & { readonly notes: readonly string[] }> {
  const isNative = chains.baseChains.some((chain) => isSourceNat(chain) && !isOfIptables(chain) && !isOurs(chain));
  const there = FAMILIES.flatMap((family) => variantsOf(family, chains).map((variant) => ({ family, variant })));
  const [early, ...saved] = await Promise.all([
    isNative ? askRuleset(system) : undefined,
    ...there.map(async ({ family, variant }) => {
      const text = await savedRules(system, { family, variant, options: NAT });
      return { family, variant, text };
    }),
  ]);
  const unread = saved.filter(({ text }) => text === undefined);
  const ruleset = early ?? (unread.some(({ variant }) => variant === 'nft') ? await askRuleset(system) : undefined);
  const listings = {
    saved: saved.flatMap(({ family, variant, text }): readonly SavedRules[] =>
      text === undefined ? [] : [{ backend: `iptables-${variant}`, family, text }],
    ),
    ruleset,
    unread: unread.flatMap(({ family, variant }) => (variant === 'legacy' ? [family] : [])),
  };
  return { standing: standingNat(listings), servers: dnatTargets(listings), notes: unread.map(unreadNote) };
}

const askRuleset = (system: System) => unlessMissing(ask(system, ['nft', '-j', 'list', 'ruleset']));

function unreadNote({ family, variant }: { readonly family: Family; readonly variant: 'nft' | 'legacy' }): string {
  const missing = `${savingTool(family, variant)} is missing`;
  return variant === 'nft'
    ? `${missing}: the rules in table ${TABLES[family]} nat are followed as far as nft tells what they say`
    : `${missing}: the rules that another iptables made are not known, and what may meet them keeps its own NAT`;
}

/** Which iptables have a nat table of this family here. */
function variantsOf(
  family: Family,
  { baseChains, regularChains, legacyNat }: AllChainListings,
): readonly ('nft' | 'legacy')[] {
  const isThere = [...baseChains, ...regularChains].some(
    (chain) => chain.family === TABLES[family] && chain.table === 'nat',
  );
  return [...(isThere ? (['nft'] as const) : []), ...(legacyNat.includes(family) ? (['legacy'] as const) : [])];
}

const isSourceNat = ({ type, hook }: BaseChain): boolean => type === 'nat' && hook === 'postrouting';
const isOurs = ({ family, table }: BaseChain): boolean => family === 'inet' && table === 'portfence';
const isOfIptables = ({ family, table, name }: BaseChain): boolean =>
  (family === 'ip' || family === 'ip6') && table === 'nat' && name === 'POSTROUTING';

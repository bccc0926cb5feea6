import { blockHas, type Cidr, overlap, readBlock } from '../addresses.ts';
import type { BaseChain, NatRule, StandingNat } from '../nat/model.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { ContainerNetwork, HostFacts } from './facts.ts';
import { familyOf } from './family.ts';
import { fitsAny } from './wildcards.ts';

/** A network of an engine in one family, and whose word counts about its addresses. */
export interface EngineSubnets {
  readonly network: ContainerNetwork;
  readonly family: Family;
  readonly subnets: readonly Cidr[];
  /**
   * `engine`: what its API says; `rules`: what stands, since rules of others may decide before the engine's own; `none`: the
   * engine makes no rules in this family.
   */
  readonly by: 'engine' | 'rules' | 'none';
}

/** The NAT of others without the rules that only say what an engine's API says, and the networks that those are about. */
export interface EngineView {
  readonly standing: StandingNat;
  readonly networks: readonly EngineSubnets[];
  /** Subnets whose containers are masqueraded one by one, by rules that come with each of them (CNI's bridge plugin). */
  readonly perContainer: readonly Cidr[];
}

/**
 * An engine's own rule and its API say the same of a network that it translates. Where nothing could decide before that rule,
 * the API's word takes its place: the plan is the same then while the rule is there, when somebody has flushed it, and
 * before the engine has made it. Rules about packets to this host's own networks are left out as well.
 */
export function engineView(facts: HostFacts, uplinks: readonly string[] = []): EngineView {
  const here = subnetsHere(facts, uplinks);
  const networks = FAMILIES.flatMap((family) =>
    facts.networks.flatMap((network): EngineSubnets[] => {
      const subnets = network.subnets.filter((subnet) => familyOf(subnet) === family);
      if (subnets.length === 0 || network.bridge === undefined || network.routed.includes(family)) return [];
      if (!facts.engineNat.includes(family)) return [{ network, family, subnets, by: 'none' }];
      const decided = facts.standingNat[family].some((base) => mayDecideBefore(base, subnets, network));
      return [{ network, family, subnets, by: decided ? 'rules' : 'engine' }];
    }),
  );
  const told = networks.filter(({ by }) => by === 'engine');
  const without = (family: Family): readonly BaseChain[] =>
    facts.standingNat[family].map((base) =>
      withoutRules(base, (rule) => staysHere(rule, here) || told.some((one) => isRuleOf(rule, one))),
    );
  const perContainer = FAMILIES.flatMap((family) => perContainerSubnets(facts.standingNat[family], here));
  return { standing: { ipv4: without('ipv4'), ipv6: without('ipv6') }, networks, perContainer };
}

/** The subnets of this host's own networks: what goes there leaves by no uplink. */
const subnetsHere = ({ links }: HostFacts, uplinks: readonly string[]): readonly Cidr[] =>
  links
    .filter(({ name }) => !fitsAny(uplinks, name))
    .flatMap(({ addresses }) => addresses.flatMap((one) => readBlock(one) ?? []));

/** A rule about packets to one of these subnets alone, as engines make them for containers that ask for themselves. */
function staysHere({ when }: NatRule, here: readonly Cidr[]): boolean {
  return when.some(
    (condition) =>
      condition.test === 'destination' &&
      condition.is &&
      condition.in.length > 0 &&
      condition.in.every((span) => span.includes('/') && here.some((subnet) => blockHas(subnet, span))),
  );
}

/**
 * Subnets of this host with a rule of CNI's that masquerades one address of them, towards more than other containers (published
 * ports). Such a rule by hand is an exception, and says nothing about other addresses.
 */
function perContainerSubnets(bases: readonly BaseChain[], here: readonly Cidr[]): readonly Cidr[] {
  const single = bases.flatMap((base) =>
    [...base.chains.values()].flat().flatMap((rule) => {
      if (staysHere(rule, here) || !isOfCni(rule, base)) return [];
      return rule.when.flatMap((one) =>
        one.test === 'source' && one.is && one.in.length === 1 ? (one.in[0] ?? []) : [],
      );
    }),
  );
  const hosts = single.filter((span) => /\/(?:32|128)$/.test(span));
  return here.filter((subnet) => !/\/(?:32|128)$/.test(subnet) && hosts.some((span) => blockHas(subnet, span)));
}

/** A chain for each container with iptables, a rule for each in a table of its own with nft (pkg/ip/ipmasq_*_linux.go, CNI's plugins). */
function isOfCni({ verdict }: NatRule, base: BaseChain): boolean {
  if (verdict.do === 'masquerade') return base.table === 'inet cni_plugins_masquerade';
  if (verdict.do !== 'jump' && verdict.do !== 'goto') return false;
  const rules = base.chains.get(verdict.chain) ?? [];
  return verdict.chain.startsWith('CNI-') && rules.some((rule) => rule.verdict.do === 'masquerade');
}

function withoutRules(base: BaseChain, isLeftOut: (rule: NatRule) => boolean): BaseChain {
  const chains = [...base.chains].map(([name, rules]) => [name, rules.filter((rule) => !isLeftOut(rule))] as const);
  return { ...base, chains: new Map(chains) };
}

/** Whether the rule translates exactly this network, as the engine says that it does. */
function isRuleOf(
  { when, verdict }: NatRule,
  { network, subnets }: Pick<EngineSubnets, 'network' | 'subnets'>,
): boolean {
  const sources = when.filter(({ test }) => test === 'source');
  const [source] = sources;
  if (source?.test !== 'source' || !source.is || sources.length > 1) return false;
  if (!source.in.every((span) => subnets.includes(span)) || source.in.length === 0) return false;
  const others = when.filter((condition) => condition !== source);
  const isPlain = others.every(
    (condition) => condition.test === 'leaves-by' && !condition.is && condition.in.join() === network.bridge,
  );
  if (!isPlain) return false;
  if (verdict.do === 'masquerade') return verdict.ports === undefined && network.sourceAddress === undefined;
  return verdict.do === 'snat' && verdict.addresses?.from === network.sourceAddress && verdict.ports === undefined;
}

/** Whether a rule of others, that comes before the engine's own or stands alone, may decide about the network's packets. */
function mayDecideBefore(base: BaseChain, subnets: readonly Cidr[], network: ContainerNetwork): boolean {
  const met = new Set<string>();
  const decides = (chain: string): boolean => {
    if (met.has(chain)) return false;
    met.add(chain);
    for (const rule of base.chains.get(chain) ?? []) {
      if (isRuleOf(rule, { network, subnets })) return false;
      if (!concerns(rule, subnets) || rule.verdict.do === 'pass') continue;
      const { verdict } = rule;
      if (verdict.do === 'jump' || verdict.do === 'goto' ? decides(verdict.chain) : verdict.do !== 'return')
        return true;
      if (verdict.do === 'return' && chain === base.name) return true;
    }
    return false;
  };
  return base.policy === 'drop' || decides(base.name);
}

/** False where the rule asks for a source, a destination within the network, or a way out that packets to elsewhere lack. */
function concerns({ when }: NatRule, subnets: readonly Cidr[]): boolean {
  return when.every((condition) => {
    if (condition.test === 'made-here' || condition.test === 'owner') return !condition.is;
    if (condition.test === 'source' && condition.is)
      return condition.in.some((span) => !span.includes('/') || subnets.some((subnet) => overlap(span, subnet)));
    if (condition.test === 'destination' && condition.is)
      return condition.in.some((span) => !span.includes('/') || !subnets.some((subnet) => overlap(span, subnet)));
    return true;
  });
}

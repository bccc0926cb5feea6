import { type Cidr, overlap } from '../addresses.ts';
import type { Policy } from '../policy/policy.ts';
import type { Family } from '../ports.ts';
import type { EngineSubnets, EngineView } from './engine-networks.ts';
import type { HostFacts } from './facts.ts';
import { familyOf } from './family.ts';
import { hasEngineName, hasNoRulesOfOthers } from './interfaces.ts';
import type { AddressMode, Condition, NamedSet, SetName, Step } from './plan.ts';
import { familiesOf, leave, NOT_OPENING, step } from './steps.ts';

const KEEP: AddressMode = { mode: 'keep' };
const MASQUERADE: AddressMode = { mode: 'masquerade' };
/** Unique local addresses (RFC 4193): never routed beyond a site, so that engines masquerade them. */
const UNIQUE_LOCAL: Cidr = 'fc00::/7';

/**
 * What becomes of the address where no NAT rule decides: it stays, but for two kinds of containers. Those of an engine whose
 * rules were there and have been flushed follow what its API says. Those of a network that is newer than the plan follow
 * the engine's default: IPv4 and unique local IPv6 are masqueraded.
 */
export function undecidedSteps(
  policy: Policy,
  { networks, perContainer }: Pick<EngineView, 'networks' | 'perContainer'>,
  sets: readonly NamedSet[],
): readonly Step[] {
  const has = (name: SetName) => sets.some((set) => set.name === name);
  const arrived = (set: SetName): readonly Condition[] => [{ test: 'arrived-on', set }];
  return [
    step(
      'host-not-local',
      [{ test: 'made-here' }, { test: 'source-local', is: false }],
      leave('left-alone'),
      'source is no address of this host (bridged guest, transparent proxy)',
    ),
    step(
      'host-map',
      [{ test: 'made-here' }],
      { do: 'map', address: KEEP, ports: policy.ports },
      'the port is mapped, the address stays',
    ),
    ...(has('not_containers') ? forwardedEnd(policy, 'not-containers-end', arrived('not_containers')) : []),
    ...familiesOf(policy).flatMap((family) => {
      const set = sets.find(({ name }) => name === `routed_${family}`);
      if (set?.holds !== 'addresses') return [];
      const source: Condition = { test: 'source', family, in: set.elements, set: set.name };
      return [step(`routed-${family}`, [source], { do: 'keep' }, 'a routed network: the address stays')];
    }),
    ...networks.flatMap((one) => engineSteps(policy, one, networks)).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ...familiesOf(policy).flatMap((family) => {
      const subnets = perContainer.filter((subnet) => familyOf(subnet) === family);
      const then = { do: 'map', address: MASQUERADE, ports: policy.ports } as const;
      const source: Condition = { test: 'source', family, in: subnets };
      const why = 'a container newer than the plan, in a network where each is masqueraded by a rule of its own';
      return subnets.length === 0 ? [] : [step(`per-container-${family}`, [source], then, why)];
    }),
    ...(has('known_containers')
      ? [
          step(
            'containers-keep',
            arrived('known_containers'),
            { do: 'keep' },
            'no rule translates it: the address stays',
          ),
        ]
      : []),
    ...(has('engine_defaults')
      ? [step('new-network', arrived('engine_defaults'), { do: 'new-network' }, 'a network newer than the plan')]
      : []),
    step(
      'containers-map',
      arrived('containers'),
      { do: 'keep' },
      'no rule is known to translate it: the address stays',
    ),
    ...forwardedEnd(policy, 'forwarded', []),
  ];
}

/** What engines do by default with a network that they have just made. */
export function newNetworkSteps(policy: Policy, facts: HostFacts): readonly Step[] {
  const ways = {
    ipv4: { test: 'family', family: 'ipv4', is: true },
    ipv6: { test: 'source', family: 'ipv6', in: [UNIQUE_LOCAL] },
  } as const satisfies Record<Family, Condition>;
  // An engine that is known, and translates no IPv6 so far, has been told not to.
  const mayTranslate = (family: Family): boolean =>
    family === 'ipv4' || facts.networks.length === 0 || facts.engineNat.includes(family);
  const map = (id: string, when: readonly Condition[], address: AddressMode, why: string): Step =>
    step(id, when, { do: 'map', address, ports: policy.ports }, why);
  return [
    ...familiesOf(policy)
      .filter(mayTranslate)
      .map((family) => map(`new-network-${family}`, [ways[family]], MASQUERADE, "its engine's default: masqueraded")),
    step('new-network-keep', [], { do: 'keep' }, "its engine's default: the address stays"),
  ];
}

/**
 * A connection that was open before anything tracked it would get another port in the middle: it stays as it is. Where the
 * address is translated that can't be, since whatever translates it tracks it.
 */
export const keepSteps = (policy: Policy): readonly Step[] => [
  step('keep-under-way', NOT_OPENING, leave('under-way'), 'TCP that is open already'),
  step('keep-map', [], { do: 'map', address: KEEP, ports: policy.ports }, 'the port is mapped, the address stays'),
];

function forwardedEnd(policy: Policy, id: string, when: readonly Condition[]): readonly Step[] {
  if (policy.forwarded === 'leave')
    return [step(`${id}-left`, when, leave('left-alone'), 'forwarded with its own address: left alone')];
  const words = `forwarded: ${policy.forwarded}, as the policy says`;
  if (policy.forwarded === 'keep-address') return [step(`${id}-map`, when, { do: 'keep' }, words)];
  return [step(`${id}-map`, when, { do: 'map', address: MASQUERADE, ports: policy.ports }, words)];
}

/**
 * A network about which the engine's word counts, where the default of new networks would say something else: its bridge has
 * another name, or its address is not the uplink's, or it is IPv6 that is not unique local, or rules of others decide about its
 * other family, so that the default does not hold for its bridge.
 */
function engineSteps(
  policy: Policy,
  { network, family, subnets, by }: EngineSubnets,
  networks: readonly EngineSubnets[],
): readonly Step[] {
  if (by !== 'engine' || !policy.families.includes(family)) return [];
  const own = network.sourceAddress !== undefined && familyOf(network.sourceAddress) === family;
  const unique = subnets.every((subnet) => family === 'ipv4' || overlap(UNIQUE_LOCAL, subnet));
  const bridge = network.bridge ?? '';
  const hasDefault = hasEngineName(bridge) && hasNoRulesOfOthers(bridge, networks);
  if (!own && unique && hasDefault && policy.containers.interfaces === 'auto') return [];
  const address: AddressMode =
    own && network.sourceAddress !== undefined
      ? { mode: 'fixed', family, from: network.sourceAddress, to: network.sourceAddress, persistent: false }
      : MASQUERADE;
  return [
    step(
      `engine-${subnets[0]}`,
      [{ test: 'source', family, in: subnets }],
      { do: 'map', address, ports: policy.ports },
      `as ${network.engine} says of its network ${network.name}`,
    ),
  ];
}

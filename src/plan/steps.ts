import type { Cidr } from '../addresses.ts';
import type { Policy } from '../policy/policy.ts';
import { ALL_PORTS, FAMILIES, type Family, type PortSet, portSet, subtract, union } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import type { Condition, NamedSet, Origin, SetName, Step } from './plan.ts';

/** What the kernel hands out by itself unless told otherwise (`ip_local_port_range`, inet_init_net in af_inet.c). */
const KERNEL_EPHEMERAL = { from: 32_768, to: 60_999 };
const PRIVILEGED: PortSet = [{ from: 0, to: 1023 }];
const LINK_LOCAL: Readonly<Record<Family, Cidr>> = { ipv4: '169.254.0.0/16', ipv6: 'fe80::/10' };

const NOT_OPENING: readonly Condition[] = [
  { test: 'protocol', in: ['tcp'], is: true },
  { test: 'opening', is: false },
];

/** Ports of the host's own sockets that the kernel chose, or would choose, by itself; any other was bound on purpose. */
export function ephemeralPorts(policy: Policy, facts: HostFacts): PortSet {
  if (policy.host === 'all') return subtract(ALL_PORTS, PRIVILEGED);
  return union(policy.ports, portSet(KERNEL_EPHEMERAL, facts.localPortRange));
}

const families = (policy: Policy): readonly Family[] => FAMILIES.filter((family) => policy.families.includes(family));

/** The steps that every packet walks first: what is none of our business, then whose traffic it is. */
export function entrySteps(policy: Policy, sets: readonly NamedSet[]): readonly Step[] {
  const has = (name: SetName) => sets.some((set) => set.name === name);
  const unfenced = FAMILIES.filter((family) => !policy.families.includes(family));
  return [
    step('not-uplink', [{ test: 'uplink', is: false }], leave('not-ours'), 'does not leave by an uplink'),
    ...unfenced.map((family) =>
      step(
        `not-${family}`,
        [{ test: 'family', family, is: true }],
        leave('not-ours'),
        `the policy leaves ${family} alone`,
      ),
    ),
    step(
      'not-protocol',
      [{ test: 'protocol', in: policy.protocols, is: false }],
      leave('not-ours'),
      'no protocol of the policy',
    ),
    step('many-receivers', [{ test: 'many-receivers' }], leave('not-ours'), 'broadcast or multicast'),
    ...families(policy).map((family) =>
      step(
        `link-local-${family}`,
        [{ test: 'destination', family, in: [LINK_LOCAL[family]] }],
        leave('not-ours'),
        'link-local destination, which no ACL filters',
      ),
    ),
    ...families(policy).flatMap((family) => {
      const set = `exempt_${family}` as const;
      const inSet: Condition = { test: 'destination', family, in: policy.exempt.destinations, set };
      return has(set) ? [step(`exempt-${family}`, [inSet], leave('not-ours'), 'exempt destination')] : [];
    }),
    ...(policy.exempt.sourcePorts.length > 0
      ? [
          step(
            'exempt-ports',
            [{ test: 'source-port', in: policy.exempt.sourcePorts, is: true }],
            leave('not-ours'),
            'exempt source port',
          ),
        ]
      : []),
    step('from-host', [{ test: 'made-here' }], enter('host'), 'made on this host'),
    ...(has('not_containers')
      ? [
          step(
            'not-containers',
            [{ test: 'arrived-on', set: 'not_containers' }],
            enter('forwarded'),
            'arrived on an interface that is no container network',
          ),
        ]
      : []),
    step(
      'from-containers',
      [{ test: 'arrived-on', set: 'containers' }],
      enter('containers'),
      'arrived on a container network',
    ),
    step('from-others', [], enter('forwarded'), 'forwarded for somebody else'),
  ];
}

export function hostSteps(policy: Policy, facts: HostFacts): readonly Step[] {
  if (policy.host === 'off') return [step('host-off', [], leave('left-alone'), 'the policy leaves the host alone')];
  return [
    step(
      'host-not-local',
      [{ test: 'source-local', is: false }],
      leave('left-alone'),
      'source is no address of this host (bridged guest, transparent proxy)',
    ),
    step('host-under-way', NOT_OPENING, leave('under-way'), 'TCP that is open already'),
    step(
      'host-bound',
      [{ test: 'source-port', in: ephemeralPorts(policy, facts), is: false }],
      leave('left-alone'),
      policy.host === 'all' ? 'a privileged port' : 'a port bound on purpose',
    ),
    step('host-map', [], { do: 'map', address: { mode: 'keep' } }, 'the port is mapped, the address stays'),
  ];
}

export function containerSteps(policy: Policy, facts: HostFacts, sets: readonly NamedSet[]): readonly Step[] {
  const keep = (id: string, when: readonly Condition[], why: string): readonly Step[] => [
    step(`${id}-under-way`, [...when, ...NOT_OPENING], leave('under-way'), 'TCP that is open already'),
    step(`${id}-map`, when, { do: 'map', address: { mode: 'keep' } }, why),
  ];
  const has = (name: SetName) => sets.some((set) => set.name === name);
  return [
    step(
      'containers-privileged',
      [{ test: 'source-port', in: PRIVILEGED, is: true }],
      leave('left-alone'),
      'a privileged port',
    ),
    ...families(policy).flatMap((family) => {
      const set = `published_${family}` as const;
      if (!has(set)) return [];
      return [
        step(
          `published-${family}`,
          [{ test: 'published', family, set }],
          leave('left-alone'),
          "a published port's own source port",
        ),
      ];
    }),
    ...families(policy).flatMap((family) => {
      const set = sets.find((one) => one.name === `routed_${family}`);
      if (set?.holds !== 'addresses') return [];
      return keep(
        `routed-${family}`,
        [{ test: 'source', family, in: set.elements, set: set.name }],
        'a routed network: the port is mapped, the address stays',
      );
    }),
    ...facts.networks.flatMap((network) => fixedSteps(policy, network.sourceAddress, network.subnets)),
    ...families(policy)
      .filter((family) => !engineMasquerades(facts, family))
      .flatMap((family) =>
        keep(
          `unmasqueraded-${family}`,
          [{ test: 'family', family, is: true }],
          `no engine masquerades ${family}: the port is mapped, the address stays`,
        ),
      ),
    step('containers-map', [], { do: 'map', address: { mode: 'masquerade' } }, 'masqueraded, to an allowed port'),
  ];
}

/**
 * IPv4 container networks are masqueraded by every engine's default, also by the one that is about to start. IPv6 is
 * masqueraded by some (Docker with ip6tables) and routed by others: only what the kernel's rules show is taken for granted.
 */
function engineMasquerades(facts: HostFacts, family: Family): boolean {
  return family === 'ipv4' || facts.engineNat.includes(family);
}

function fixedSteps(policy: Policy, address: string | undefined, subnets: readonly Cidr[]): readonly Step[] {
  if (!address) return [];
  const family: Family = address.includes(':') ? 'ipv6' : 'ipv4';
  const own = subnets.filter((subnet) => subnet.includes(':') === address.includes(':'));
  if (own.length === 0 || !policy.families.includes(family)) return [];
  return [
    step(
      `fixed-${own[0]}`,
      [{ test: 'source', family, in: own }],
      { do: 'map', address: { mode: 'fixed', family, address } },
      `the network's own outgoing address ${address}`,
    ),
  ];
}

export function forwardedSteps(policy: Policy): readonly Step[] {
  if (policy.forwarded === 'leave') {
    return [step('forwarded-left', [], leave('left-alone'), 'forwarded sources that are no containers are left alone')];
  }
  const privileged = step(
    'forwarded-privileged',
    [{ test: 'source-port', in: PRIVILEGED, is: true }],
    leave('left-alone'),
    'a privileged port',
  );
  const underWay = step('forwarded-under-way', NOT_OPENING, leave('under-way'), 'TCP that is open already');
  const mode = policy.forwarded === 'masquerade' ? 'masquerade' : 'keep';
  return [
    privileged,
    underWay,
    step('forwarded-map', [], { do: 'map', address: { mode } }, `forwarded: ${policy.forwarded}, as the policy says`),
  ];
}

function step(id: string, when: readonly Condition[], then: Step['then'], why: string): Step {
  return { id, when, then, why };
}

const leave = (as: 'not-ours' | 'left-alone' | 'under-way'): Step['then'] => ({ do: 'leave', as });
const enter = (origin: Origin): Step['then'] => ({ do: 'enter', origin });

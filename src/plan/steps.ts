import type { Cidr } from '../addresses.ts';
import type { Policy } from '../policy/policy.ts';
import { ALL_PORTS, FAMILIES, type Family, type PortSet, portSet, subtract, union } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import { KERNEL_EPHEMERAL } from './given-ports.ts';
import type { Condition, NamedSet, Origin, SetName, Step } from './plan.ts';

const PRIVILEGED: PortSet = [{ from: 0, to: 1023 }];
const LINK_LOCAL: Readonly<Record<Family, Cidr>> = { ipv4: '169.254.0.0/16', ipv6: 'fe80::/10' };

/** TCP that did not begin under our eyes. */
export const NOT_OPENING: readonly Condition[] = [
  { test: 'protocol', in: ['tcp'], is: true },
  { test: 'opening', is: false },
];

/** The step that leaves the ports of bound sockets alone. */
export const BOUND_SOCKET = 'host-bound-socket';

/** Ports of the host's own sockets that the kernel chose, or would choose, by itself; any other was bound on purpose. */
export function ephemeralPorts(policy: Policy, facts: HostFacts): PortSet {
  if (policy.host === 'all') return subtract(ALL_PORTS, PRIVILEGED);
  return union(policy.ports, portSet(KERNEL_EPHEMERAL, facts.localPortRange));
}

/** The families of the policy, in one order. */
export const familiesOf = (policy: Policy): readonly Family[] =>
  FAMILIES.filter((family) => policy.families.includes(family));

/** The steps that every packet walks first: what is none of our business, then whose traffic it is. */
export function entrySteps(policy: Policy, sets: readonly NamedSet[]): readonly Step[] {
  const has = (name: SetName) => sets.some((set) => set.name === name);
  return [
    step('not-uplink', [{ test: 'uplink', is: false }], leave('not-ours'), 'does not leave by an uplink'),
    ...unfencedSteps(policy),
    step('many-receivers', [{ test: 'many-receivers' }], leave('not-ours'), 'broadcast or multicast'),
    ...exemptSteps(policy, has),
    step(
      'from-host',
      [{ test: 'made-here' }, { test: 'source-local', is: true }],
      enter('host'),
      'made on this host, with an address of its own',
    ),
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
    step('from-others', [], enter('forwarded'), 'forwarded, and from no container network'),
  ];
}

function unfencedSteps(policy: Policy): readonly Step[] {
  const unfenced = FAMILIES.filter((family) => !policy.families.includes(family));
  return [
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
  ];
}

function exemptSteps(policy: Policy, has: (name: SetName) => boolean): readonly Step[] {
  const { destinations, sourcePorts } = policy.exempt;
  const ports: Condition = { test: 'source-port', in: sourcePorts, is: true };
  return [
    ...familiesOf(policy).map((family) =>
      step(
        `link-local-${family}`,
        [{ test: 'destination', family, in: [LINK_LOCAL[family]] }],
        leave('not-ours'),
        'link-local destination, which no ACL filters',
      ),
    ),
    ...familiesOf(policy).flatMap((family) => {
      const set = `exempt_${family}` as const;
      const inSet: Condition = { test: 'destination', family, in: destinations, set };
      return has(set) ? [step(`exempt-${family}`, [inSet], leave('not-ours'), 'exempt destination')] : [];
    }),
    ...(sourcePorts.length > 0 ? [step('exempt-ports', [ports], leave('not-ours'), 'exempt source port')] : []),
  ];
}

/** What a packet of this host has to pass before its address is decided. */
export function hostSteps(policy: Policy, facts: HostFacts, sets: readonly NamedSet[]): readonly Step[] {
  const has = (name: SetName) => sets.some((set) => set.name === name);
  if (policy.host === 'off') return [step('host-off', [], leave('left-alone'), 'the policy leaves the host alone')];
  const ephemeral = ephemeralPorts(policy, facts);
  return [
    step('host-under-way', NOT_OPENING, leave('under-way'), 'TCP that is open already'),
    step(
      'host-bound',
      [{ test: 'source-port', in: ephemeral, is: false }],
      leave('left-alone'),
      policy.host === 'all' ? 'a privileged port' : 'a port bound on purpose',
    ),
    ...(has('bound_ports')
      ? [step(BOUND_SOCKET, [{ test: 'bound-socket' }], leave('left-alone'), 'a port that a socket is bound to')]
      : []),
  ];
}

/** What a container's packet has to pass before its address is decided. */
export function containerSteps(policy: Policy, sets: readonly NamedSet[]): readonly Step[] {
  return [
    step(
      'containers-privileged',
      [{ test: 'source-port', in: PRIVILEGED, is: true }],
      leave('left-alone'),
      'a privileged port',
    ),
    ...publishedSteps(policy, sets),
  ];
}

function publishedSteps(policy: Policy, sets: readonly NamedSet[]): readonly Step[] {
  return familiesOf(policy).flatMap((family) => {
    const set = `published_${family}` as const;
    if (!sets.some(({ name }) => name === set)) return [];
    return [
      step(
        `published-${family}`,
        [{ test: 'published', family, set }],
        leave('left-alone'),
        "a published port's own source port",
      ),
    ];
  });
}

/** What other forwarded packets have to pass before their address is decided. */
export function forwardedSteps(policy: Policy, sets: readonly NamedSet[]): readonly Step[] {
  return [
    step(
      'forwarded-privileged',
      [{ test: 'source-port', in: PRIVILEGED, is: true }],
      leave('left-alone'),
      'a privileged port',
    ),
    ...publishedSteps(policy, sets),
  ];
}

export function step(id: string, when: readonly Condition[], then: Step['then'], why: string): Step {
  return { id, when, then, why };
}

export const leave = (as: 'not-ours' | 'left-alone' | 'under-way'): Step['then'] => ({ do: 'leave', as });
const enter = (origin: Origin): Step['then'] => ({ do: 'enter', origin });

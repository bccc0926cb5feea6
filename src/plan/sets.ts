import type { Cidr } from '../addresses.ts';
import { mergeBlocks } from '../addresses.ts';
import type { Policy } from '../policy/policy.ts';
import { type Family, hasPort, subtract } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import { familyOf } from './family.ts';
import type { ContainerInterfaces } from './interfaces.ts';
import type { NamedSet, Plan, PublishedElement } from './plan.ts';
import { hostSettings } from './settings.ts';
import { ephemeralPorts } from './steps.ts';

/** Every named set of the plan; those that would be empty are left out, and no step refers to them. */
export function namedSets(
  policy: Policy,
  facts: HostFacts,
  interfaces: ContainerInterfaces,
  uplinks: Plan['uplinks'],
): readonly NamedSet[] {
  const sets: NamedSet[] = [
    uplinks.mode === 'these'
      ? { name: 'uplinks', holds: 'interfaces', elements: uplinks.names }
      : { name: 'not_uplinks', holds: 'interfaces', elements: [...uplinks.names, ...interfaces.containers].sort() },
    { name: 'containers', holds: 'interfaces', elements: interfaces.containers },
    { name: 'not_containers', holds: 'interfaces', elements: interfaces.others },
    { name: 'known_containers', holds: 'interfaces', elements: interfaces.known },
    { name: 'engine_defaults', holds: 'interfaces', elements: interfaces.engineDefaults },
    ...policy.families.flatMap((family): NamedSet[] => [
      { name: `exempt_${family}`, holds: 'addresses', family, elements: blocks(policy.exempt.destinations, family) },
      { name: `routed_${family}`, holds: 'addresses', family, elements: blocks(routed(policy, facts, family), family) },
      { name: `published_${family}`, holds: 'published', family, elements: published(policy, facts, family) },
    ]),
  ];
  const bound = boundPorts(policy, facts);
  return [...sets.filter((set) => set.elements.length > 0), ...(bound ? [bound] : [])].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function blocks(cidrs: readonly Cidr[], family: Family): readonly Cidr[] {
  return mergeBlocks(cidrs.filter((cidr) => familyOf(cidr) === family));
}

function routed(policy: Policy, facts: HostFacts, family: Family): readonly Cidr[] {
  if (policy.containers.routed !== 'auto') return policy.containers.routed;
  return facts.networks.filter((network) => network.routed.includes(family)).flatMap((network) => network.subnets);
}

/**
 * Ports within the ephemeral ones, but out of range, that sockets of this host were bound to on purpose. While the host's own
 * range is not set that can't be told: the kernel chooses such ports itself. The set is there also while it is empty.
 */
function boundPorts(policy: Policy, facts: HostFacts): NamedSet | undefined {
  if (policy.host !== 'ephemeral' || !setsHostRange(policy, facts)) return undefined;
  const open = subtract(ephemeralPorts(policy, facts), policy.ports);
  const elements = facts.boundPorts.filter(
    ({ protocol, port }) => policy.protocols.includes(protocol) && hasPort(open, port),
  );
  return { name: 'bound_ports', holds: 'ports', elements };
}

const setsHostRange = (policy: Policy, facts: HostFacts): boolean => hostSettings(policy, facts).settings.length > 0;

/** A privileged port stays anyway, and one in range is mapped onto itself. */
const staysOut = ({ ports }: Policy, { port }: PublishedElement): boolean => port >= 1024 && !hasPort(ports, port);

function published(policy: Policy, facts: HostFacts, family: Family): readonly PublishedElement[] {
  const key = (one: PublishedElement) => `${one.address} ${one.protocol} ${String(one.port).padStart(5, '0')}`;
  const wanted = facts.published
    .filter(
      (one) => familyOf(one.address) === family && policy.protocols.includes(one.protocol) && staysOut(policy, one),
    )
    .map(({ address, protocol, port }) => ({ address, protocol, port }));
  const distinct = new Map(wanted.map((one) => [key(one), one]));
  return [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

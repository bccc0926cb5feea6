import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../../addresses.ts';
import { mergeBlocks } from '../../addresses.ts';
import type { HostFacts } from '../../plan/facts.ts';
import type { Plan, SetName } from '../../plan/plan.ts';
import { fitsAny } from '../../plan/wildcards.ts';

/**
 * The container networks by address: what the engines tell, and the subnets of the container interfaces' own addresses. What
 * a kernel before Linux 5.7 can be asked at postrouting; a network made later is known from the next look on.
 */
export function containerSources(plan: Plan, facts: HostFacts): readonly Cidr[] {
  const names = (name: SetName) =>
    plan.sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
  const isContainers = (link: string) => fitsAny(names('containers'), link) && !fitsAny(names('not_containers'), link);
  const connected = facts.links
    .filter(({ name }) => isContainers(name))
    .flatMap(({ addresses }) => addresses.map(subnet));
  const told = facts.networks.filter(({ bridge }) => bridge !== undefined).flatMap(({ subnets }) => subnets);
  const all = [...connected, ...told].filter((cidr) => !/^fe80:/i.test(cidr));
  return [
    ...mergeBlocks(all.filter((one) => !one.includes(':'))),
    ...mergeBlocks(all.filter((one) => one.includes(':'))),
  ];
}

function subnet(address: Cidr): Cidr {
  const read = address.includes(':') ? new Address6(address) : new Address4(address);
  return `${read.startAddress().correctForm()}/${read.subnetMask}`;
}

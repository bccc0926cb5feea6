import { blockHas, type Cidr, readAddress } from '../addresses.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import { fitsAny } from '../plan/wildcards.ts';
import { type PortSet, type Protocol, portCount } from '../ports.ts';
import { blockMatcher, type Groups } from './block-matcher.ts';

/** What an address is to this host, as bits. */
export const KIND = { ours: 1, container: 2, inside: 4, exempt: 8 } as const;

/** What decides whether a flow leaves, whose it is, and whether its port is allowed. */
export interface FlowScope {
  readonly ranges: PortSet;
  readonly available: number;
  readonly protocols: readonly Protocol[];
  readonly kindOf: (address: Groups) => number;
}

/** Never beyond an uplink: loopback, link-local, multicast, broadcast. */
const NEVER_LEAVES: readonly Cidr[] = [
  ...['127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', '0.0.0.0/8'],
  ...['::1/128', 'fe80::/10', 'ff00::/8'],
];

/** The scope of a plan on the host that it was made for. */
export function flowScope(plan: Plan, facts: HostFacts): FlowScope {
  const containerNames = plan.sets.flatMap((set) =>
    set.name === 'containers' && set.holds === 'interfaces' ? set.elements : [],
  );
  const isUplink = (name: string): boolean => fitsAny(plan.uplinks.names, name) === (plan.uplinks.mode === 'these');
  const own = facts.links.flatMap(({ addresses }) => addresses.map(bare));
  const containerBlocks = [
    ...facts.networks.flatMap(({ subnets }) => subnets),
    ...facts.links.flatMap(({ name, addresses }) => (fitsAny(containerNames, name) ? addresses : [])),
  ].filter((block) => !NEVER_LEAVES.some((never) => blockHas(never, bare(block))));
  const exempt = plan.sets.flatMap((set) =>
    (set.name === 'exempt_ipv4' || set.name === 'exempt_ipv6') && set.holds === 'addresses' ? set.elements : [],
  );
  const isNever = blockMatcher(NEVER_LEAVES);
  const isOwn = blockMatcher(own.flatMap((one) => readAddress(one) ?? []));
  const isContainer = blockMatcher(containerBlocks);
  const isLocal = blockMatcher(facts.links.flatMap(({ name, addresses }) => (isUplink(name) ? [] : addresses)));
  const isExempt = blockMatcher(exempt);
  return {
    ranges: plan.ranges,
    available: portCount(plan.ranges),
    protocols: plan.protocols,
    kindOf: (address) => {
      const [never, ours] = [isNever(address), isOwn(address)];
      const container = !ours && isContainer(address);
      return (
        (ours && !never ? KIND.ours : 0) |
        (container ? KIND.container : 0) |
        (never || ours || container || isLocal(address) ? KIND.inside : 0) |
        (isExempt(address) ? KIND.exempt : 0)
      );
    },
  };
}

const bare = (block: Cidr): string => block.replace(/\/\d+$/, '');

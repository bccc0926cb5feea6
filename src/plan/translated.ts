import { mergeBlocks, readBlock } from '../addresses.ts';
import type { HostFacts } from './facts.ts';
import { familyOf } from './family.ts';
import type { NamedSet, Plan } from './plan.ts';
import { walk } from './walk.ts';
import { fitsAny } from './wildcards.ts';

/** Somewhere in the internet, by family (documentation prefixes, RFC 5737 and 3849). */
const ELSEWHERE = { ipv4: '203.0.113.1', ipv6: '2001:db8:ffff::1' } as const;

/**
 * The subnets of container networks whose addresses never leave as they are: a packet that conntrack does not know, and that
 * nothing translates therefore, would carry one out. The sets are there also while they are empty.
 */
export function translatedSets(plan: Plan, facts: HostFacts): readonly NamedSet[] {
  const elements = (name: string) =>
    plan.sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
  const leaves = plan.uplinks.names.find((name) => !name.endsWith('*'));
  if (plan.guard === 'off') return [];
  const subnets = facts.links
    .filter(({ name }) => fitsAny(elements('containers'), name) && !fitsAny(elements('not_containers'), name))
    .flatMap(({ name, addresses }) =>
      addresses
        .filter((address) => !/^fe80:/i.test(address))
        .flatMap((address) => ({ arrived: name, address, block: readBlock(address) })),
    )
    .filter(
      ({ address, arrived }) =>
        leaves !== undefined && isTranslated(plan, { source: neighbour(address), arrived, leaves }),
    )
    .flatMap(({ block }) => block ?? []);
  return plan.families.flatMap((family): NamedSet[] => {
    const own = mergeBlocks(subnets.filter((subnet) => familyOf(subnet) === family));
    return [{ name: `translated_${family}`, holds: 'addresses', family, elements: own }];
  });
}

/** An address beside the interface's own, the first of its block but for the last bit. */
const neighbour = (address: string): string =>
  address
    .replace(/\/\d+$/, '')
    .replace(/[^.:]*$/, 'fe')
    .replace(/\.fe$/, '.254');

function isTranslated(plan: Plan, at: { source: string; arrived: string; leaves: string }): boolean {
  const family = familyOf(at.source);
  const protocol = plan.protocols[0];
  if (protocol === undefined) return false;
  const { fate } = walk(plan, {
    protocol,
    family,
    source: at.source,
    sourcePort: 40_000,
    destination: ELSEWHERE[family],
    destinationPort: 443,
    arrived: at.arrived,
    leaves: at.leaves,
    sourceLocal: false,
    manyReceivers: false,
    opening: true,
  });
  return fate.do === 'map' && fate.address.mode !== 'keep';
}

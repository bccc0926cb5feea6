import { type AddressMode, numberedRanges, ORIGINS, type Outcome, type Plan, type Step } from '../../plan/plan.ts';
import { FAMILIES, type Family, type PortSet, portCount, portsText, rangeText, samePorts } from '../../ports.ts';
import { COUNT_CONFINED } from './counting.ts';
import type { Chain, Rule } from './table.ts';
import { listExpression, NETWORK, portsTexts } from './words.ts';

/** The outcome that maps. */
export type Mapping = Outcome & { readonly do: 'map' };

const allSteps = (plan: Plan): readonly Step[] => [
  ...ORIGINS.flatMap((origin) => plan.origins[origin]),
  ...plan.nat.chains.flatMap(({ steps }) => steps),
  ...plan.undecided,
  ...plan.newNetwork,
  ...plan.keep,
];

/** Each address mode and set of ports once. */
export function mappings(plan: Plan): readonly Mapping[] {
  const all = allSteps(plan).flatMap(({ then }) => (then.do === 'map' ? [then] : []));
  return [...new Map(all.map((one) => [mappingName(one, plan), one])).values()];
}

export function mappingName({ address, ports }: Mapping, plan: Plan): string {
  const word =
    address.mode === 'fixed'
      ? [address.from, ...(address.to === address.from ? [] : [address.to]), ...(address.persistent ? ['p'] : [])].join(
          '_',
        )
      : address.mode;
  const own = samePorts(ports, plan.ranges) ? '' : `_ports_${portsText(ports, '_')}`;
  return `map_${word}${own}`.replaceAll(/[.:-]/g, '_');
}

/**
 * One range: one rule. Several: a port inside one of them is kept there; any other is spread over all by their sizes, by a
 * hash of its source, so that one socket keeps one outer port. A map of ranges inside the mapping itself would use the first port
 * only, hence a chain for each range. No map leads to the chains: a new one is empty for a moment (`oneOfTexts`).
 */
export function mappingChains(mapping: Mapping, plan: Plan): readonly Chain[] {
  const { address, ports } = mapping;
  const name = mappingName(mapping, plan);
  const count = portsTexts('th sport', false, ports).map((text) => ({
    id: `${name}-count`,
    text: `${text} jump ${COUNT_CONFINED}`,
    why: 'a port that has to change is counted',
  }));
  const mapTo = (range: string): Rule => ({
    id: name,
    text: `meta l4proto ${listExpression(plan.protocols)} ${mappingText(address, range)}`,
    why: address.mode === 'masquerade' ? "the uplink's address, an allowed port" : 'an allowed port',
  });
  const ranges = numberedRanges(ports);
  if (ranges.length === 1) return [{ name, rules: [...count, ...ranges.map(({ range }) => mapTo(rangeText(range)))] }];
  const chain = (index: number) => `${name}_${index}`;
  const families = address.mode === 'fixed' ? [address.family] : plan.families;
  return [
    ...ranges.map(({ range, index }): Chain => ({ name: chain(index), rules: [mapTo(rangeText(range))] })),
    {
      name,
      rules: [
        ...count,
        ...ranges.map(({ range, index }) => ({
          id: `${name}-kept`,
          text: `th sport ${rangeText(range)} goto ${chain(index)}`,
          why: 'a port inside a range stays in that range',
        })),
        ...spread(ports, families).map(({ text, index }) => ({
          id: `${name}-spread`,
          text: `${text} goto ${chain(index)}`.trim(),
          why: 'any other is spread over the ranges by their sizes',
        })),
      ],
    },
  ];
}

/** The same for every rule, so that a port that is not below one bound is compared with the next one as the same number. */
const SEED = '0x706f7274';

/** Which range a port falls to, asked in turn; the last one takes what is left. */
function spread(ports: PortSet, families: readonly Family[]): readonly { text: string; index: number }[] {
  const ranges = numberedRanges(ports);
  const hashes = FAMILIES.filter((family) => families.includes(family)).map(
    (family) => `jhash ${NETWORK[family]} saddr . th sport mod ${portCount(ports)} seed ${SEED}`,
  );
  let bound = 0;
  return ranges.flatMap(({ range, index }) => {
    bound += range.to - range.from + 1;
    const below = bound;
    return below === portCount(ports)
      ? [{ text: '', index }]
      : hashes.map((hash) => ({ text: `${hash} < ${below}`, index }));
  });
}

function mappingText(address: AddressMode, range: string): string {
  switch (address.mode) {
    case 'keep':
      return `snat to :${range}`;
    case 'masquerade':
      return `masquerade to :${range}`;
    case 'fixed': {
      const bracket = (one: string) => (address.family === 'ipv4' ? one : `[${one}]`);
      const to =
        address.to === address.from ? bracket(address.from) : `${bracket(address.from)}-${bracket(address.to)}`;
      return `snat ${NETWORK[address.family]} to ${to}:${range}${address.persistent ? ' persistent' : ''}`;
    }
  }
}

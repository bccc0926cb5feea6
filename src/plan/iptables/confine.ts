import { complement, type PortRange, rangeText } from '../../ports.ts';
import { counterName } from '../counters.ts';
import { type AddressMode, numberedRanges, ORIGINS, type Plan, type Step } from '../plan.ts';
import { either, sourcePorts, type View } from './conditions.ts';
import { entryChains, originChain, stepRules } from './entry.ts';
import { allOf, matchWords } from './match.ts';
import { type Chain, chainName, type Rule } from './rules.ts';

/** The nat side: the entry, one chain an origin, and one an address mode that does the mapping. */
export function confineChains(view: View): readonly Chain[] {
  const modes = addressModes(view);
  return [
    ...modes.map((mode, index) => ({ name: modeChain(mode, index), rules: mappingRules(mode, view.plan) })),
    ...ORIGINS.map((origin) => ({
      name: originChain(origin),
      rules: view.plan.origins[origin].flatMap((step): readonly Rule[] => {
        if (step.then.do !== 'map') return stepRules(step, view, ['-j RETURN']);
        const { address } = step.then;
        const index = modes.findIndex((mode) => sameMode(mode, address));
        if (index < 0) return []; // The other family's own address.
        return [...countRules(step, origin, view), ...stepRules(step, view, [`-g ${modeChain(address, index)}`])];
      }),
    })),
    ...entryChains(view, { name: (part) => chainName(part), of: originChain, inserted: [] }),
  ];
}

/** A port that has to change is counted, one rule a protocol. */
function countRules(step: Step, origin: (typeof ORIGINS)[number], view: View): readonly Rule[] {
  const { plan, family } = view;
  const outside = sourcePorts(complement(plan.ranges), plan.protocols);
  return allOf([...step.when.map((condition) => either(condition, view)), outside]).flatMap((match) =>
    match.protocol
      ? [
          {
            match: matchWords(match),
            comment: `${counterName({ tally: 'confined', origin, family, protocol: match.protocol })} ${step.id}`,
            target: [],
          },
        ]
      : [],
  );
}

function addressModes({ plan, family }: View): readonly AddressMode[] {
  const all = ORIGINS.flatMap((origin) => plan.origins[origin]).flatMap(({ then }) =>
    then.do === 'map' && (then.address.mode !== 'fixed' || then.address.family === family) ? [then.address] : [],
  );
  return all.filter((mode, i) => all.findIndex((other) => sameMode(mode, other)) === i);
}

const sameMode = (a: AddressMode, b: AddressMode): boolean => JSON.stringify(a) === JSON.stringify(b);

/** An IPv6 address does not fit into a chain's name. */
const modeChain = (address: AddressMode, index: number): string =>
  address.mode === 'fixed' ? chainName('map', index) : chainName('map', address.mode);

/** Several ranges: a port inside one of them is kept there; any other is spread over all by their sizes. */
function mappingRules(address: AddressMode, plan: Plan): readonly Rule[] {
  const ranges = numberedRanges(plan);
  return plan.protocols.flatMap((protocol) => {
    const to = (range: PortRange, words: readonly string[], comment: string): Rule => ({
      match: [`-p ${protocol}`, ...words],
      comment,
      target: [mapping(address, range)],
    });
    const kept = ranges.map(({ range }) =>
      to(
        range,
        [`-m ${protocol} --sport ${range.from}:${range.to}`],
        'kept: a port inside a range stays in that range',
      ),
    );
    let left = ranges.reduce((sum, { range }) => sum + sizeOf(range), 0);
    const spread = ranges.map(({ range }) => {
      const share = sizeOf(range) / left;
      left -= sizeOf(range);
      const odds = share < 1 ? [`-m statistic --mode random --probability ${share.toFixed(11)}`] : [];
      return to(range, odds, share < 1 ? 'spread: by the sizes of the ranges' : 'map: an allowed port');
    });
    return ranges.length === 1 ? spread : [...kept, ...spread];
  });
}

const sizeOf = ({ from, to }: PortRange): number => to - from + 1;

/** SNAT without an address changes the port alone (nf_nat_core.c: no NF_NAT_RANGE_MAP_IPS). */
function mapping(address: AddressMode, range: PortRange): string {
  switch (address.mode) {
    case 'keep':
      return `-j SNAT --to-source :${rangeText(range)}`;
    case 'masquerade':
      return `-j MASQUERADE --to-ports ${rangeText(range)}`;
    case 'fixed':
      return `-j SNAT --to-source ${address.family === 'ipv4' ? address.address : `[${address.address}]`}:${rangeText(range)}`;
  }
}

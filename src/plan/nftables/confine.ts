import { rangeText } from '../../ports.ts';
import { type AddressMode, numberedRanges, ORIGINS, type Origin, type Plan, type Step } from '../plan.ts';
import { conditionText, listExpression, portsExpression } from './conditions.ts';
import { countChainName } from './counting.ts';
import { type Chain, CONFINE_PRIORITY, type Rule } from './table.ts';

const chainOf: Readonly<Record<Origin, string>> = {
  host: 'from_host',
  containers: 'from_containers',
  forwarded: 'from_forwarded',
};

/** The nat side: one base chain, one chain an origin, and one an address mode (and range) that does the mapping. */
export function confineChains(plan: Plan): readonly Chain[] {
  const entry = plan.entry.map((step) => stepRule(step, plan));
  return [
    ...addressModes(plan).flatMap((address) => mappingChains(address, plan)),
    ...ORIGINS.map((origin): Chain => ({ name: chainOf[origin], rules: originRules(origin, plan) })),
    { name: 'confine', base: { type: 'nat', priority: CONFINE_PRIORITY }, rules: entry },
  ];
}

function originRules(origin: Origin, plan: Plan): readonly Rule[] {
  return plan.origins[origin].flatMap((step) => {
    const rule = stepRule(step, plan);
    if (step.then.do !== 'map') return [rule];
    const when = step.when.map((condition) => conditionText(condition, plan));
    const outside = `th sport != ${portsExpression(plan.ranges)}`;
    const count = [...when, outside, `jump ${countChainName('confined', origin)}`].join(' ');
    return [{ id: `${step.id}-count`, text: count, why: 'a port that has to change is counted' }, rule];
  });
}

function stepRule(step: Step, plan: Plan): Rule {
  const when = step.when.map((condition) => conditionText(condition, plan));
  return { id: step.id, text: [...when, verdict(step)].join(' '), why: step.why };
}

function verdict({ then }: Step): string {
  if (then.do === 'leave') return 'accept';
  return `goto ${then.do === 'enter' ? chainOf[then.origin] : modeName(then.address)}`;
}

function modeName(address: AddressMode): string {
  return `map_${address.mode === 'fixed' ? address.address.replaceAll(/[.:]/g, '_') : address.mode}`;
}

function addressModes(plan: Plan): readonly AddressMode[] {
  const modes = ORIGINS.flatMap((origin) => plan.origins[origin]).flatMap((step) =>
    step.then.do === 'map' ? [step.then.address] : [],
  );
  return [...new Map(modes.map((mode) => [modeName(mode), mode])).values()];
}

/**
 * One range: one rule. Several: a port inside one of them is kept there; any other is spread over all by their sizes.
 * A map of ranges inside the mapping itself would use the first port only, hence a chain for each range.
 */
function mappingChains(address: AddressMode, plan: Plan): readonly Chain[] {
  const name = modeName(address);
  const protocols = `meta l4proto ${listExpression(plan.protocols)}`;
  const ranges = numberedRanges(plan);
  const mapTo = (range: string): Rule => ({
    id: name,
    text: `${protocols} ${mapping(address)}:${range}`,
    why: address.mode === 'masquerade' ? "the uplink's address, an allowed port" : 'an allowed port',
  });
  if (ranges.length === 1) return [{ name, rules: ranges.map(({ range }) => mapTo(rangeText(range))) }];
  const chain = (index: number) => `${name}_${index}`;
  let total = 0;
  const shares = ranges.map(({ range, index }) => {
    const first = total;
    total += range.to - range.from + 1;
    return `${rangeText({ from: first, to: total - 1 })} : goto ${chain(index)}`;
  });
  const kept = ranges.map(({ range, index }) => `${rangeText(range)} : goto ${chain(index)}`);
  return [
    ...ranges.map(({ range, index }): Chain => ({ name: chain(index), rules: [mapTo(rangeText(range))] })),
    {
      name,
      rules: [
        {
          id: `${name}-kept`,
          text: `th sport vmap { ${kept.join(', ')} }`,
          why: 'a port inside a range stays in that range',
        },
        {
          id: `${name}-spread`,
          text: `numgen random mod ${total} vmap { ${shares.join(', ')} }`,
          why: 'any other is spread over the ranges by their sizes',
        },
      ],
    },
  ];
}

function mapping(address: AddressMode): string {
  switch (address.mode) {
    case 'keep':
      return 'snat to ';
    case 'masquerade':
      return 'masquerade to ';
    case 'fixed':
      return address.family === 'ipv4' ? `snat ip to ${address.address}` : `snat ip6 to [${address.address}]`;
  }
}

import { type AddressMode, numberedRanges, type Outcome } from '../../plan/plan.ts';
import { type PortRange, type Protocol, rangeText } from '../../ports.ts';
import type { Rule } from './rules.ts';

/** Several ranges: a port inside one of them is kept there; any other is spread over all by their sizes. */
export function mappingRules(
  { address, ports }: Outcome & { readonly do: 'map' },
  protocols: readonly Protocol[],
): readonly Rule[] {
  const ranges = numberedRanges(ports);
  return protocols.flatMap((protocol) => {
    const to = (range: PortRange, words: readonly string[], comment: string): Rule => ({
      match: [`-p ${protocol}`, ...words],
      comment,
      target: [mappingText(address, range)],
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
function mappingText(address: AddressMode, range: PortRange): string {
  switch (address.mode) {
    case 'keep':
      return `-j SNAT --to-source :${rangeText(range)}`;
    case 'masquerade':
      return `-j MASQUERADE --to-ports ${rangeText(range)}`;
    case 'fixed': {
      const { family, from, to, persistent } = address;
      const bracket = (one: string) => (family === 'ipv4' ? one : `[${one}]`);
      const span = from === to ? bracket(from) : `${bracket(from)}-${bracket(to)}`;
      return `-j SNAT --to-source ${span}:${rangeText(range)}${persistent ? ' --persistent' : ''}`;
    }
  }
}

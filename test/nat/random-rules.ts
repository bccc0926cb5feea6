import fc from 'fast-check';
import { xmark } from '../../src/nat/marks.ts';
import type { Condition, NatRule, Verdict } from '../../src/nat/model.ts';
import { portSet } from '../../src/ports.ts';

/** What random rules and flows are made of: few words, so that rules meet flows often. */
export const WORDS = {
  sources: ['10.1.0.0/16', '10.1.0.2/32', '10.1.0.3/32', '10.2.0.0/24', '10.0.0.0/8', '198.51.100.2/32', '0.0.0.0/1'],
  destinations: ['203.0.113.0/24', '203.0.113.10/32', '192.0.2.0/24', '192.0.2.10/32', '128.0.0.0/1'],
  arrivals: ['in0', 'in1', 'in*'],
  leaves: ['out0', 'out1', 'out*', 'ou*'],
  marks: [0x1, 0x2, 0x3, 0x4000, 0x4001],
  ports: [1000, 1001, 1002, 1003, 1004, 2000],
} as const;

/** Chains that rules may jump to; each jumps to those after it alone, or the kernel would refuse a loop. */
export const CHAINS = ['POSTROUTING', 'ONE', 'TWO', 'THREE'] as const;

const bool = fc.boolean();
const often = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
const number = (value: number): number => value >>> 0;

const markMatch = fc
  .tuple(fc.constantFrom(...WORDS.marks), fc.constantFrom(0xffff_ffff, 0x4000, 0x3, 0x4001), bool)
  .map(([value, mask, is]): Condition => ({ test: 'mark', of: 'packet', mask, values: [number(value & mask)], is }));

/** TCP or UDP. */
const protocol = fc.constantFrom(6, 17);

const ports = fc
  .uniqueArray(fc.constantFrom(...WORDS.ports), { minLength: 1, maxLength: 3 })
  .map((some) => portSet(...some.map((port) => ({ from: port, to: port }))));

/** One condition of eight is there; many rules ask nothing at all, so that jumps and verdicts are met often. */
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const spans = (words: readonly string[], test: 'source' | 'destination') =>
  fc.tuple(fc.constantFrom(...words), often).map(([span, is]): Condition => ({ test, in: [span], is }));

const names = (words: readonly string[], test: 'arrived-on' | 'leaves-by') =>
  fc.tuple(fc.constantFrom(...words), often).map(([name, is]): Condition => ({ test, in: [name], is }));

const owners = fc
  .tuple(
    fc.constantFrom('user' as const, 'group' as const),
    fc.constantFrom({ from: 0, to: 0 }, { from: 1000, to: 1000 }, { from: 0, to: 2000 }),
    bool,
  )
  .map(([of, ids, is]): Condition => ({ test: 'owner', of, in: [ids], is }));

/** Conditions in the order in which iptables-save writes them. Where a packet arrived can be asked in chains of users alone. */
const conditions = (isBase: boolean): fc.Arbitrary<readonly Condition[]> =>
  fc
    .tuple(
      perhaps(spans(WORDS.sources, 'source')),
      perhaps(spans(WORDS.destinations, 'destination')),
      isBase ? fc.constant(undefined) : perhaps(names(WORDS.arrivals, 'arrived-on')),
      perhaps(names(WORDS.leaves, 'leaves-by')),
      perhaps(protocol.map((number): Condition => ({ test: 'protocol', in: [number], is: true }))),
      perhaps(fc.tuple(ports, often).map(([set, is]): Condition => ({ test: 'destination-port', in: set, is }))),
      perhaps(markMatch),
      perhaps(
        fc
          .tuple(fc.constantFrom('source' as const, 'destination' as const), fc.boolean())
          .map(([of, is]): Condition => ({ test: 'address-type', of, in: ['local'], is })),
      ),
      perhaps(often.map((is): Condition => ({ test: 'ipsec', is: !is }))),
      perhaps(owners),
    )
    .chain((all) => protocol.map((number) => ({ all, number })))
    .map(({ all, number }) => {
      const told = all.filter((one) => one !== undefined);
      const asksPort = told.some(({ test }) => test === 'destination-port');
      const hasProtocol = told.some(({ test }) => test === 'protocol');
      if (!asksPort || hasProtocol) return told;
      const at = told.findIndex(({ test }) => test === 'destination-port');
      return told.toSpliced(at, 0, { test: 'protocol', in: [number], is: true });
    });

const mark = fc.constantFrom(...WORDS.marks);

const verdicts = (callees: readonly string[]): fc.Arbitrary<Verdict> =>
  fc.oneof(
    fc.constant<Verdict>({ do: 'masquerade' }),
    fc.constantFrom('198.51.100.77', '198.51.100.78').map(
      (from): Verdict => ({
        do: 'snat',
        addresses: { from, to: from },
      }),
    ),
    fc.constantFrom<Verdict>({ do: 'accept' }, { do: 'return' }, { do: 'pass' }),
    fc.tuple(mark, mark).map(([value, mask]): Verdict => ({ do: 'set-mark', of: 'packet', ...xmark(value, mask) })),
    ...(callees.length === 0
      ? []
      : [
          fc
            .tuple(fc.constantFrom('jump' as const, 'jump' as const, 'goto' as const), fc.constantFrom(...callees))
            .map(([verb, chain]): Verdict => ({ do: verb, chain })),
        ]),
  );

export type RandomChains = ReadonlyMap<string, readonly Pick<NatRule, 'when' | 'verdict'>[]>;

/** A table of chains, the base chain first. */
export const anyChains: fc.Arbitrary<RandomChains> = fc
  .tuple(
    ...CHAINS.map((_, i) =>
      fc.array(fc.record({ when: conditions(i === 0), verdict: verdicts(CHAINS.slice(i + 1)) }), {
        minLength: 1,
        maxLength: 5,
      }),
    ),
  )
  .map((all) => new Map(CHAINS.map((name, i) => [name, all[i] ?? []])));

/** A rule in nft's own words that iptables has none for, and where it stands. */
export interface ExtraRule {
  readonly chain: string;
  readonly at: number;
  readonly text: string;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const source = fc.constantFrom('10.1.0.2', '10.1.0.3', '10.2.0.0/24', '198.51.100.2');
const verdictWord = (callees: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom('accept', 'return', 'continue', ...callees.flatMap((chain) => [`jump ${chain}`, `goto ${chain}`]));
const ending = (callees: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(verdictWord(callees), fc.constantFrom('masquerade', 'snat ip to 198.51.100.79', 'counter'));

const extraText = (callees: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(fc.uniqueArray(source, { minLength: 1 }), fc.array(verdictWord(callees), { minLength: 4, maxLength: 4 }))
      .map(([keys, words]) => `ip saddr vmap { ${keys.map((key, i) => `${key} : ${words[i]}`).join(', ')} }`),
    fc
      .tuple(fc.uniqueArray(fc.constantFrom('in0', 'in1'), { minLength: 1 }), verdictWord(callees))
      .map(
        ([keys, word]) => `iifname . oifname vmap { ${keys.map((key) => `"${key}" . "out0" : ${word}`).join(', ')} }`,
      ),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom('10.1.0.2', '10.1.0.3', '10.2.0.2'), { minLength: 1 }),
        ports,
        ending(callees),
        protocol,
      )
      .map(([keys, set, word, number]) => {
        const pairs = keys.flatMap((key) =>
          set.map(({ from, to }) => `${key} . ${from === to ? from : `${from}-${to}`}`),
        );
        return `ip saddr . ${number === 6 ? 'tcp' : 'udp'} dport { ${pairs.join(', ')} } ${word}`;
      }),
    fc
      .uniqueArray(source, { minLength: 1 })
      .map((keys) => `snat ip to ip saddr map { ${keys.map((key, i) => `${key} : 198.51.100.${80 + i}`).join(', ')} }`),
    fc
      .tuple(mark, mark, mark, ending(callees))
      .map(
        ([mask, flip, keep, word]) =>
          `meta mark & ${hex(mask)} ${mask % 2 ? '==' : '!='} 0 meta mark set meta mark & ${hex(keep)} ^ ${hex(flip)} ${word}`,
      ),
    fc
      .tuple(mark, source, ending(callees))
      .map(
        ([flip, address, word]) => `oifname "out0" meta mark set meta mark | ${hex(flip)} ip saddr ${address} ${word}`,
      ),
    fc
      .tuple(fc.constantFrom('<', '>', '<=', '>='), fc.constantFrom(...WORDS.ports), ending(callees), protocol)
      .map(([operator, port, word, number]) => `${number === 6 ? 'tcp' : 'udp'} dport ${operator} ${port} ${word}`),
    fc
      .tuple(fc.constantFrom('{ new, established }', 'new', 'related,untracked'), ending(callees))
      .map(([states, word]) => `ct state ${states} ${word}`),
    ending(callees).map((word) => `ct direction original fib saddr . oif type local ${word}`),
    ending(callees).map((word) => `ct status snat ${word}`),
  );

export const anyExtras: fc.Arbitrary<readonly ExtraRule[]> = fc.array(
  fc.nat({ max: CHAINS.length - 1 }).chain((i) =>
    fc.record({
      chain: fc.constant<string>(CHAINS[i] ?? ''),
      at: fc.nat({ max: 3 }),
      text: extraText(CHAINS.slice(i + 1)),
    }),
  ),
  { maxLength: 5 },
);

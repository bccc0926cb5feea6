import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSavedRules } from '../../src/nat/iptables/read.ts';
import { xmark } from '../../src/nat/marks.ts';
import { ADDRESS_TYPES, CONNECTION_STATES, type Condition, type Verdict } from '../../src/nat/model.ts';
import { portSet } from '../../src/ports.ts';
import { ruleText, savedText } from './iptables-words.ts';
import { anyChains } from './random-rules.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);

const bool = fc.boolean();
const octet = fc.integer({ min: 0, max: 255 });
const word32 = fc.integer({ min: 0, max: 0xffff_ffff });
const address = fc.oneof(
  fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
  octet.map((n) => `fd00::${(n + 1).toString(16)}`),
);
const range = fc
  .tuple(octet, octet)
  .map(([a, b]) => ({ from: `10.0.0.${Math.min(a, b)}`, to: `10.0.0.${Math.max(a, b)}` }));
const port = fc.integer({ min: 0, max: 65_535 });
const portRange = fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
/** Names without what a shell or iptables would take for something else. */
const name = fc.stringMatching(/^[a-z][a-z0-9._@-]{0,13}\*?$/);
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const blocks = (test: 'source' | 'destination'): fc.Arbitrary<Condition> =>
  fc.tuple(address, bool).map(([one, is]) => ({ test, in: [`${one}/${one.includes(':') ? 128 : 32}`], is }));
const interfaces = (test: 'arrived-on' | 'leaves-by'): fc.Arbitrary<Condition> =>
  fc.tuple(name, bool).map(([one, is]) => ({ test, in: [one], is }));
const ports = (test: 'source-port' | 'destination-port'): fc.Arbitrary<Condition> =>
  fc
    .tuple(fc.array(portRange, { minLength: 1, maxLength: 4 }), bool)
    .map(([ranges, is]) => ({ test, in: portSet(...ranges), is }));
const marks = (of: 'packet' | 'connection'): fc.Arbitrary<Condition> =>
  fc.tuple(word32, word32, bool).map(([value, mask, is]) => ({ test: 'mark', of, values: [value], mask, is }));
const types = fc
  .record({
    of: fc.constantFrom('source' as const, 'destination' as const),
    in: fc.subarray([...ADDRESS_TYPES], { minLength: 1 }),
    is: bool,
    limited: bool,
  })
  .map(
    ({ limited, ...told }): Condition => ({
      test: 'address-type',
      ...told,
      ...(limited ? { limit: 'leaves-by' } : {}),
    }),
  );
const states = fc
  .tuple(fc.subarray([...CONNECTION_STATES], { minLength: 1 }), bool)
  .map(([some, is]): Condition => ({ test: 'state', in: some, is }));
const spans = fc
  .tuple(fc.constantFrom('source' as const, 'destination' as const), range, bool)
  .map(([test, { from, to }, is]): Condition => ({ test, in: [`${from}-${to}`], is }));
const ipsec = bool.map((is): Condition => ({ test: 'ipsec', is }));
const id = fc.integer({ min: 0, max: 0xffff_fffe });
const ids = fc.tuple(id, id).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const owner = fc
  .tuple(fc.constantFrom('user' as const, 'group' as const), ids, bool)
  .map(([of, one, is]): Condition => ({ test: 'owner', of, in: [one], is }));
const opaque = fc
  .constantFrom(
    '-m set ! --match-set pool src',
    '-m policy --dir out --pol ipsec --proto esp',
    '-m statistic --mode random --probability 0.5',
    '-m physdev ! --physdev-is-bridged',
    '-m unheard-of --what "a b" ! --more',
  )
  .map((text): Condition => ({ test: 'opaque', text }));

const when = fc
  .tuple(
    perhaps(blocks('source')),
    perhaps(blocks('destination')),
    perhaps(interfaces('arrived-on')),
    perhaps(interfaces('leaves-by')),
    fc.constant<Condition>({ test: 'protocol', in: [6], is: true }),
    perhaps(ports('source-port')),
    perhaps(ports('destination-port')),
    perhaps(marks('packet')),
    perhaps(marks('connection')),
    perhaps(types),
    perhaps(states),
    perhaps(ipsec),
    perhaps(owner),
    perhaps(spans),
    perhaps(opaque),
  )
  .map((all) => all.filter((one) => one !== undefined));

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  perhaps(portRange).map((told): Verdict => ({ do: 'masquerade', ...(told ? { ports: told } : {}) })),
  fc
    .tuple(
      fc.oneof(
        range,
        address.map((one) => ({ from: one, to: one })),
      ),
      perhaps(portRange),
      bool,
    )
    .map(
      ([addresses, told, persistent]): Verdict => ({
        do: 'snat',
        addresses,
        ...(told ? { ports: told } : {}),
        ...(persistent ? { persistent: true } : {}),
      }),
    ),
  fc.constantFrom<Verdict>({ do: 'accept' }, { do: 'return' }, { do: 'drop' }, { do: 'pass' }),
  fc.constantFrom<Verdict>({ do: 'opaque', text: '-j NETMAP --to 10.0.0.0/24' }, { do: 'opaque', text: '-j UNHEARD' }),
  fc
    .tuple(fc.constantFrom('packet' as const, 'connection' as const), word32, word32)
    .map(([of, value, mask]): Verdict => ({ do: 'set-mark', of, ...xmark(value, mask) })),
);

test('a rule of iptables that was read is written as it was', () => {
  const property = fc.property(when, verdict, (conditions, end) => {
    const text = ruleText({ when: conditions, verdict: end });
    const base = readSavedRules({
      backend: 'iptables-legacy',
      family: 'ipv4',
      text: `*nat\n:POSTROUTING ACCEPT [0:0]\n[5:60] -A POSTROUTING ${text}\nCOMMIT\n`,
    });
    const [rule, more] = base?.chains.get('POSTROUTING') ?? [];
    expect(more).toBeUndefined();
    expect(rule && ruleText(rule)).toBe(text);
    expect(rule).toMatchObject({ when: conditions, verdict: end });
  });
  fc.assert(property, { seed: SEED, numRuns: 1000 });
});

test('a table of iptables that was read is written as it was, as far as POSTROUTING reaches', () => {
  const property = fc.property(anyChains, (chains) => {
    const read = readSavedRules({ backend: 'iptables-nft', family: 'ipv4', text: savedText(chains) });
    const reached = new Map([...chains].filter(([name]) => read?.chains.has(name)));
    const again = new Map([...reached.keys()].map((name) => [name, read?.chains.get(name) ?? []] as const));
    expect(savedText(again)).toBe(savedText(reached));
  });
  fc.assert(property, { seed: SEED, numRuns: 200 });
});

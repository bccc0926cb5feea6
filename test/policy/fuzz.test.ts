import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PolicyRejected, parsePolicy } from '../../src/policy/parse.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const RUNS = 100_000;
const SLOWEST_MS = 2000;

const VALID = [
  'version: 1\nports: 49152-61000\nuplinks: auto\n',
  'ports: [49152-61000, 62000]\nprotocols: [tcp, udp]\n',
  'ports: 2000-3000\nexempt:\n  destinations: [10.0.0.0/8, "2001:db8::/32"]\n  sourcePorts: [123]\n',
  'ports: 2000-3000\nuplinks: [eth0, "ens*"]\ncontainers: { native: true, routed: auto }\n',
  'ports:\n- 2000-3000\n- 4000\nhost: all\nguard: drop\n',
];
const PIECES = [
  '\n',
  ' ',
  '  ',
  ': ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '#',
  '&a ',
  '*a',
  '!',
  '!!str ',
  '|',
  '>',
  '%',
  '@',
]
  .concat([
    '"',
    "'",
    '\\',
    '\t',
    '\r',
    '---\n',
    '...',
    '<<',
    '~',
    '0x',
    '1e9',
    '.5',
    '-',
    '/',
    '010.',
    '65536',
    '1023',
    '::',
    'é',
  ])
  .concat([
    'ports',
    'exempt',
    'destinations',
    'uplinks',
    'auto',
    'acl',
    '__proto__',
    'constructor',
    '\0',
    '\uFEFF',
    '\uD800',
    '😀',
  ]);

const digit = fc.constantFrom('0', '1', '4', '9', '');
const edit = fc.oneof(
  fc.record({ at: fc.nat(160), cut: fc.nat(6), put: fc.constantFrom(...PIECES, '') }),
  fc.record({ at: fc.nat(160), cut: fc.nat(1), put: digit }),
);
const mutated = fc
  .tuple(fc.constantFrom(...VALID), fc.array(edit, { maxLength: 4 }))
  .map(([text, edits]) => edits.reduce((now, { at, cut, put }) => splice(now, at % (now.length + 1), cut, put), text));
const yamlish = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((pieces) => pieces.join(''));
const bytes = fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString('latin1'));
const flags = fc.record({
  ports: yamlish,
  exempt: fc.array(bytes, { maxLength: 1 }),
  uplink: fc.array(yamlish, { maxLength: 2 }),
});
const source = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(mutated, yamlish, bytes).map((text) => ({ text })) },
  { weight: 1, arbitrary: flags.map((given) => ({ flags: given })) },
);

function splice(text: string, at: number, cut: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + cut);
}

test(`${RUNS} texts and flags are read or rejected, never worse (FUZZ_SEED=${SEED})`, () => {
  let slowest = 0;
  const outcomes = { read: 0, rejected: 0 };
  const readOrRejected = fc.property(source, (given) => {
    const start = performance.now();
    try {
      parsePolicy({ ...given, interfaces: ['lo', 'eth0'] });
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof PolicyRejected)) throw error;
      if (error.problems.length === 0 || error.message.split('\n').length !== error.problems.length) throw error;
      outcomes.rejected++;
    }
    slowest = Math.max(slowest, performance.now() - start);
  });
  fc.assert(readOrRejected, { numRuns: RUNS, seed: SEED });
  console.log(
    `fuzz: seed ${SEED}, ${outcomes.read} read, ${outcomes.rejected} rejected, slowest ${slowest.toFixed(0)} ms`,
  );
  expect(slowest).toBeLessThan(SLOWEST_MS);
  expect(outcomes.read).toBeGreaterThan(RUNS / 100);
});

test.each(['- ', '? ', ': ', '[', '{a: ', 'a: ', '- - - -\n', '&a ', '"', '!a ', 'a:\n', '*a ', '1,', '\t', '- [\n'])(
  'a long repetition of %j is rejected in time',
  (piece) => {
    const start = performance.now();
    for (const length of [1000, 32_000, 200_000]) {
      expect(() => parsePolicy({ text: piece.repeat(length / piece.length) })).toThrow(PolicyRejected);
    }
    expect(performance.now() - start).toBeLessThan(SLOWEST_MS);
  },
);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AclInventory, isUnknown, type Known } from '../../../src/acl/model.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { readBlock } from '../../../src/addresses.ts';
import { PortfenceError } from '../../../src/errors.ts';
import { type SampleAcl, WRITERS } from '../acl-writers.ts';
import { anySampleAcl } from '../arbitrary-acl.ts';
import { documents } from '../documents.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const RUNS = 20_000;
const SLOWEST_MS = 5000;

const samples: readonly SampleAcl[] = fc.sample(anySampleAcl, { seed: SEED, numRuns: 4 });
const VALID: readonly string[] = [
  ...documents().map(({ text }) => text),
  ...samples.flatMap((sample) => Object.values(WRITERS).map((write) => write(sample))),
].filter((text) => text.length < 20_000);
const TREES: readonly unknown[] = VALID.filter((text) => text.startsWith('{')).flatMap((text) => {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return []; // Several documents in one text.
  }
});

const PIECES = [
  '\n',
  ' ',
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '0',
  '-1',
  '65536',
  '1e9',
  'null',
  'true',
  '\0',
  '\ud800',
]
  .concat(['- ', '? ', '!Ref ', '!If [', '&a ', '*a', '<<: ', '#', '|', '::/0', '10.0.0.1/33', '010.0.0.0/8', '/'])
  .concat([
    '__proto__',
    'constructor',
    'Ref',
    'Fn::If',
    'NetworkAcls',
    'Resources',
    'format_version',
    'acl ',
    'in ',
    '😀',
    '\u202e',
  ]);
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e300,
  70_000,
  '',
  'x\u001b[2J',
  '10.0.0.0/8',
  '::/0',
  [],
  {},
  [[]],
  [null],
  { Ref: 'X' },
  { Ref: 5 },
  { 'Fn::If': ['a', 1, 2] },
  { 'Fn::GetAtt': 'A.B' },
  { references: ['var.a'] },
  JSON.parse('{"__proto__": {"value": 1}}'),
  '__proto__',
  'constructor',
];

const edit = fc.record({ at: fc.nat(20_000), cut: fc.nat(12), put: fc.constantFrom(...PIECES, '') });
const text = fc.tuple(fc.constantFrom(...VALID), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([valid, edits]) =>
  edits.reduce((now, { at, cut, put }) => {
    const from = at % (now.length + 1);
    return now.slice(0, from) + put + now.slice(from + cut);
  }, valid),
);
const tree = fc
  .record({
    tree: fc.constantFrom(...TREES),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(30), fc.nat()), { minLength: 1, maxLength: 3 }),
  })
  .map(({ tree: valid, changes }) =>
    JSON.stringify(
      changes.reduce((now, [at, way, pick]) => changed(now, at, way, STRANGE[pick % STRANGE.length]), valid),
    ),
  );
const junk = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((segments) => segments.join(''));
const bytes = fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString('latin1'));
const input = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 5, arbitrary: tree },
  { weight: 1, arbitrary: junk },
  { weight: 1, arbitrary: bytes },
);

/** The tree with one node, the `at`-th of all, changed: another value, gone, or twice. */
function changed(root: unknown, at: number, way: number, strange: unknown): unknown {
  const size = count(root);
  let left = at % size;
  const visit = (node: unknown): unknown => {
    if (left === 0) {
      left -= 1;
      return strange;
    }
    left -= 1;
    if (Array.isArray(node)) {
      return node.flatMap((one: unknown) => {
        const isNext = left === 0;
        const read = visit(one);
        if (isNext && way < 5) return [];
        return isNext && way < 10 ? [one, one] : [read];
      });
    }
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).flatMap(([key, one]) => {
        const isNext = left === 0;
        const read = visit(one);
        if (isNext && way < 8) return [];
        return isNext && way < 10 ? [['__proto__', read]] : [[key, read]];
      }),
    );
  };
  return visit(root);
}

function count(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 1;
  return Object.values(node).reduce((sum: number, one) => sum + count(one), 1);
}

function assertSound({ acls, subnets }: AclInventory): void {
  if (new Set(acls.map(({ id }) => id)).size !== acls.length) throw new Error('an ACL stands in the inventory twice');
  for (const block of subnets.flatMap(({ blocks }) => blocks)) if (readBlock(block) !== block) throw new Error(block);
  for (const { direction, number, allow, family, remote, protocol, ports, icmp } of acls.flatMap(
    (acl) => acl.entries,
  )) {
    assert(direction, (value) => value === 'inbound' || value === 'outbound');
    assert(number, (value) => Number.isSafeInteger(value) && value >= 0);
    assert(allow, (value) => typeof value === 'boolean');
    assert(family, (value) => value === 'ipv4' || value === 'ipv6');
    assert(
      remote,
      (value) => readBlock(value) === value && (isUnknown(family) || value.includes(':') === (family === 'ipv6')),
    );
    assert(protocol, (value) => value === 'all' || (Number.isInteger(value) && value >= 0 && value <= 255));
    assert(
      ports,
      (value) => value.length > 0 && value.every(({ from, to }) => from >= 0 && to <= 65_535 && from <= to),
    );
    assert(icmp, ({ type, code }) => [type, code].every((one) => one === 'any' || (one >= 0 && one <= 255)));
  }
}

function assert<T>(value: Known<T>, holds: (value: T) => boolean): void {
  const isFine = isUnknown(value) ? typeof value.unknown === 'string' && value.unknown !== '' : holds(value);
  if (!isFine) throw new Error(`${JSON.stringify(value)} can't be in an inventory`);
}

test(`${RUNS} documents are read or end in one clear error, never worse (FUZZ_SEED=${SEED})`, () => {
  const outcomes = { read: 0, refused: 0 };
  let slowest = 0;
  fc.assert(
    fc.property(input, (given) => {
      const start = performance.now();
      try {
        assertSound(readAclFiles([{ name: 'fuzz.txt', text: given }]));
        outcomes.read += 1;
      } catch (error) {
        if (!(error instanceof PortfenceError) || error.code !== 'ACL_FILE') throw error;
        if (!error.message.startsWith('fuzz.txt') || error.hint === undefined || error.hint === '') throw error;
        if (/\p{Cc}|\p{Cs}|\u202e/u.test(error.message)) throw error;
        outcomes.refused += 1;
      }
      slowest = Math.max(slowest, performance.now() - start);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  console.log(`fuzz: seed ${SEED}, ${JSON.stringify(outcomes)}, slowest ${slowest.toFixed(0)} ms`);
  expect(slowest).toBeLessThan(SLOWEST_MS);
  expect(outcomes.read).toBeGreaterThan(RUNS / 10);
  expect(outcomes.refused).toBeGreaterThan(RUNS / 10);
}, 180_000);

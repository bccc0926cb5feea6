import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ALL_PORTS,
  complement,
  hasPort,
  intersect,
  NO_PORTS,
  type PortSet,
  parsePorts,
  portCount,
  portSet,
  portsText,
  samePorts,
  subtract,
  union,
} from '../src/ports.ts';

const port = fc.integer({ min: 0, max: 65_535 });
const anySet = fc
  .array(fc.tuple(port, port), { maxLength: 8 })
  .map((pairs) => portSet(...pairs.map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))));

/** A set as a table of booleans: the slow truth that the ranges are held against. */
const truth = (set: PortSet): boolean[] => {
  const table = new Array<boolean>(65_536).fill(false);
  for (const { from, to } of set) table.fill(true, from, to + 1);
  return table;
};
const isCanonical = (set: PortSet): boolean =>
  set.every(({ from, to }, i) => from <= to && (i === 0 || (set[i - 1]?.to ?? 0) + 1 < from));

test('union, intersection, difference and complement agree with a table of all ports', () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      const [inA, inB] = [truth(a), truth(b)];
      const cases: [PortSet, (i: number) => boolean][] = [
        [union(a, b), (i) => inA[i] === true || inB[i] === true],
        [intersect(a, b), (i) => inA[i] === true && inB[i] === true],
        [subtract(a, b), (i) => inA[i] === true && inB[i] !== true],
        [complement(a), (i) => inA[i] !== true],
      ];
      for (const [result, expected] of cases) {
        expect(isCanonical(result)).toBe(true);
        const table = truth(result);
        for (let i = 0; i <= 65_535; i++) if (table[i] !== expected(i)) throw new Error(`port ${i}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('a set counts and holds exactly its ports', () => {
  fc.assert(
    fc.property(anySet, port, (set, one) => {
      const table = truth(set);
      expect(portCount(set)).toBe(table.filter(Boolean).length);
      expect(hasPort(set, one)).toBe(table[one]);
    }),
  );
});

test('what is written in the kernel’s form reads back as the same set', () => {
  fc.assert(
    fc.property(anySet, (set) => {
      expect(samePorts(parsePorts(portsText(set)), set)).toBe(true);
    }),
  );
  expect(parsePorts('')).toEqual(NO_PORTS);
  expect(parsePorts('30000-32767,53\n')).toEqual([
    { from: 53, to: 53 },
    { from: 30_000, to: 32_767 },
  ]);
});

test('ranges that touch become one', () => {
  expect(portSet({ from: 10, to: 19 }, { from: 20, to: 29 })).toEqual([{ from: 10, to: 29 }]);
  expect(complement(NO_PORTS)).toEqual(ALL_PORTS);
});

test.each([
  ['backwards', { from: 2, to: 1 }],
  ['above the highest port', { from: 1, to: 65_536 }],
  ['a fraction', { from: 1.5, to: 2 }],
  ['below zero', { from: -1, to: 2 }],
])('a range that is %s is refused', (_, range) => {
  expect(() => portSet(range)).toThrow(RangeError);
});

test.each(['x', '1-', '-1', '1,,2', '70000', '5-1'])('the text %s is refused', (text) => {
  expect(() => parsePorts(text)).toThrow(RangeError);
});

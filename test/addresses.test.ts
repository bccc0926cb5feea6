import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockHas, mergeBlocks, readBlock } from '../src/addresses.ts';

const block = (address: fc.Arbitrary<string>, lengths: readonly number[]) =>
  fc.tuple(address, fc.constantFrom(...lengths)).map(([one, length]) => readBlock(`${one}/${length}`) ?? '');
/** Addresses that lie close together, so that blocks hold each other. */
const near4 = fc.tuple(fc.nat(3), fc.nat(255)).map(([third, last]) => `10.0.${third}.${last}`);
const near6 = fc.tuple(fc.nat(3), fc.nat(9)).map(([group, last]) => `fd00::${group}:${last}`);

test.each([
  ['IPv4', block(near4, [0, 8, 22, 23, 24, 25, 30, 31, 32])],
  ['IPv6', block(near6, [0, 64, 110, 112, 126, 127, 128])],
])('of %s blocks those stay that no other one holds', (_, blocks) => {
  fc.assert(
    fc.property(fc.array(blocks, { maxLength: 30 }), (all) => {
      const outermost = all.filter((one) => !all.some((other) => other !== one && blockHas(other, one)));
      expect(mergeBlocks(all)).toEqual([...new Set(outermost)].sort());
    }),
  );
});

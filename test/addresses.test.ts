import fc from 'fast-check';
import { Address4 } from 'ip-address';
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

test('an IPv4 block has what the library says that it has', () => {
  const suffix = fc.option(fc.nat(32)).map((length) => (length === null ? '' : `/${length}`));
  const text = fc.tuple(fc.oneof(near4, fc.ipV4()), suffix).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(blockHas(one, other)).toBe(new Address4(other).isInSubnet(new Address4(one)));
    }),
  );
});

test.each(['10.0.0.300', '010.0.0.1', '10.0.1', '10.0.0.1/33', 'name'])('a block has no %s: it throws', (text) => {
  expect(() => blockHas('10.0.0.0/8', text)).toThrow();
  expect(() => blockHas(text, '10.0.0.1')).toThrow();
});

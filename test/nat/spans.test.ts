import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockHas, readBlock } from '../../src/addresses.ts';
import { readRange, readSpan, spansHave } from '../../src/nat/spans.ts';

const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));

test('a block is read as everywhere else, written with or without host bits', () => {
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 33 }), (host, length) => {
      expect(readSpan(`${host}/${length}`)).toBe(readBlock(`${host}/${length}`));
    }),
  );
});

test('a block holds the addresses that it holds everywhere else', () => {
  fc.assert(
    fc.property(address, address, fc.integer({ min: 0, max: 32 }), (host, other, length) => {
      const block = readBlock(`${host}/${length}`) ?? '';
      expect(spansHave([block], other)).toBe(blockHas(block, other));
      expect(spansHave([block], host)).toBe(true);
    }),
  );
});

test.each([
  ['10.1.2.3', '10.1.2.3/32'],
  ['fd00::1', 'fd00::1/128'],
  ['10.0.0.0/255.0.0.0', '10.0.0.0/8'],
  ['10.0.0.0/255.0.255.0', undefined],
  ['010.0.0.0/8', undefined],
  ['10.0.0.256', undefined],
  ['x', undefined],
])('%s is read as %s', (text, span) => {
  expect(readSpan(text)).toBe(span);
});

test('a range has both its ends in one family, the lower one first', () => {
  expect(readRange('10.0.0.9-10.0.0.10')).toEqual({ from: '10.0.0.9', to: '10.0.0.10' });
  expect(readRange('10.0.0.10-10.0.0.9')).toBeUndefined();
  expect(readRange('10.0.0.1-fd00::1')).toBeUndefined();
  expect(spansHave(['fd00::5-fd00::9'], 'fd00::7')).toBe(true);
  expect(spansHave(['fd00::5-fd00::9'], 'fd00::a')).toBe(false);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPolicyBlock } from '../../src/policy/rules/block-text.ts';
import { readPolicyRange } from '../../src/policy/rules/range-text.ts';
import { problemsOf } from './problems-of.ts';

const number = fc.integer({ min: 0, max: 70_000 });
const lowest = fc.constantFrom(1, 1024);
const remedied = /^write (\S+)$/;

test('a range is read exactly where it runs forwards within the allowed ports', () => {
  fc.assert(
    fc.property(number, number, lowest, (from, to, low) => {
      const fits = low <= from && from <= to && to <= 65_535;
      const reading = readPolicyRange(`${from}-${to}`, low);
      expect('value' in reading ? reading.value : undefined).toEqual(fits ? { from, to } : undefined);
    }),
    { numRuns: 2000 },
  );
});

test('what a remedy says to write for a range is fine when written', () => {
  const text = fc.oneof(
    fc.tuple(number, fc.constantFrom('-', ':', '..', ' to ', ' '), number).map((parts) => parts.join('')),
    number.map((n) => `0x${n.toString(16)}`),
    number.map((n) => `0${n}`),
  );
  fc.assert(
    fc.property(text, lowest, (written, low) => {
      const reading = readPolicyRange(written, low);
      const remedy = 'fault' in reading ? remedied.exec(reading.fault.remedy ?? '')?.[1] : undefined;
      if (remedy !== undefined) expect(readPolicyRange(remedy, low)).toHaveProperty('value');
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 block is read exactly where it has no host bits, and its remedy is read', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 0, max: 32 }), fc.boolean(), (value, length, clean) => {
      const hostBits = 2 ** (32 - length);
      const address = clean ? value - (value % hostBits) : value;
      const text = `${[24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')}/${length}`;
      const reading = readPolicyBlock(text);
      if (address % hostBits === 0) expect(reading).toEqual({ value: text });
      else
        expect(readPolicyBlock('fault' in reading ? (reading.fault.remedy?.slice(6) ?? '') : '')).toHaveProperty(
          'value',
        );
    }),
    { numRuns: 2000 },
  );
});

test('a block that is read is canonical: read again, it stays as it is', () => {
  const group = fc.nat(0xffff).map((n) => n.toString(16).toUpperCase());
  const text = fc
    .tuple(fc.array(group, { minLength: 8, maxLength: 8 }), fc.constantFrom('', '/128'))
    .map(([groups, end]) => groups.join(':') + end);
  fc.assert(
    fc.property(text, (written) => {
      const reading = readPolicyBlock(written);
      if ('value' in reading) expect(readPolicyBlock(reading.value)).toEqual(reading);
    }),
  );
});

test('any number of mistakes is reported, each at its own line', () => {
  const mistakes = ['host: x', 'guard: x', 'forwarded: x', 'hostRange: x', 'version: 2', 'zebra: 1', 'uplinks: []'];
  fc.assert(
    fc.property(fc.shuffledSubarray(mistakes), (lines) => {
      const found = problemsOf({ text: ['ports: 61000-49152', ...lines].join('\n') });
      expect(found.map((line) => line.split(':')[1])).toEqual(['1', ...lines.map((_, i) => String(i + 2))]);
    }),
  );
});

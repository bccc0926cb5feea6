import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paragraph } from '../../bench/paragraph.ts';

test('a paragraph keeps every word in order, on lines of at most 100 columns', () => {
  const word = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', 'b', '`', '.') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 80 }), (words) => {
      const lines = paragraph(...words);
      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    }),
  );
});

test('a word that is longer than a line has a line of its own', () => {
  expect(paragraph('before', 'x'.repeat(120), 'after')).toEqual(['before', 'x'.repeat(120), 'after']);
});

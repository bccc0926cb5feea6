import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/parse.ts';
import { renderPolicy } from '../../src/policy/render.ts';
import { arbitraryPolicy } from './arbitrary-policy.ts';

test('a rendered policy reads back to the same policy', () => {
  fc.assert(
    fc.property(arbitraryPolicy, (policy) => {
      expect(parsePolicy({ text: renderPolicy(policy) }).policy).toEqual(policy);
    }),
    { numRuns: 500 },
  );
});

test('every key of a rendered policy has a comment that says what it does', () => {
  const lines = renderPolicy(parsePolicy({ flags: { ports: '49152-61000' } }).policy)
    .trimEnd()
    .split('\n');
  const keys = lines.flatMap((line, i) => (line.includes('#') ? [] : [lines[i - 1] ?? '']));
  expect(keys.every((before) => before.trim().startsWith('# '))).toBe(true);
});

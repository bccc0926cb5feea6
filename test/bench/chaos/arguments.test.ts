import { expect, test } from 'vitest';
import { readArguments } from '../../../bench/chaos/arguments.ts';

test('what is not given has its default, and the seed is left to the run', () => {
  expect(readArguments([])).toEqual({
    seed: undefined,
    connections: 100_000,
    perSecond: 300,
    out: undefined,
    json: false,
  });
  expect(readArguments(['--seed', '0', '--connections', '500', '--rate', '40', '--out', 'x.md', '--json'])).toEqual({
    ...{ seed: 0, connections: 500, perSecond: 40, out: 'x.md', json: true },
  });
  expect(readArguments(['--json', '--help'])).toBe('help');
});

test.each([
  [['--seed', '-1'], /seed/],
  [['--seed', '1e3'], /--seed 1e3: write a whole number, 0 to 4294967295/],
  [['--connections', '0'], /--connections 0: write a whole number, 1 to/],
  [['--rate', '99999'], /--rate 99999: write a whole number, 4 to 2000/],
  [['--sead', '1'], /--sead/],
  [['now'], /now/],
])('%j is refused with the word that is wrong', (args, words) => {
  expect(() => readArguments(args)).toThrow(words);
});

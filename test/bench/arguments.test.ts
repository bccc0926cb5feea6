import { expect, test } from 'vitest';
import { readArguments, USAGE } from '../../bench/arguments.ts';
import { BENCHES } from '../../bench/benches.ts';
import { PortfenceError } from '../../src/errors.ts';

test('measures the commands unless told otherwise', () => {
  expect(readArguments([])).toMatchObject({
    bench: { name: 'commands' },
    runs: undefined,
    json: false,
    folder: 'docs',
  });
  expect(readArguments(['compare', '--json'])).toMatchObject({ bench: { name: 'compare' }, json: true });
  expect(readArguments(['commands', '--runs', '3', '--folder', 'x'])).toMatchObject({ runs: 3, folder: 'x' });
  expect(readArguments(['--help'])).toBe('help');
});

test.each([
  [['speed'], /no bench speed/],
  [['commands', 'compare'], /one bench at a time: compare/],
  [['--runs', '0'], /--runs 0/],
  [['--runs', '1.5'], /--runs 1\.5/],
  [['--runs', 'many'], /--runs many/],
  [['compare', '--runs', '3'], /--runs is not for compare/],
  [['--jsn'], /--jsn/],
] as const)('refuses %j, naming what is wrong', (args, words) => {
  expect(() => readArguments(args)).toThrow(PortfenceError);
  expect(() => readArguments(args)).toThrow(words);
});

test('the help names every bench', () => {
  const lines = USAGE.split('\n').map((line) => line.trim());
  for (const { name, about } of BENCHES)
    expect(lines.filter((line) => line.startsWith(`${name} `) && line.endsWith(` ${about}`))).toHaveLength(1);
});

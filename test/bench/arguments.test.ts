import { expect, test } from 'vitest';
import { readArguments } from '../../bench/arguments.ts';
import { PortfenceError } from '../../src/errors.ts';

test('measures the commands unless told otherwise', () => {
  expect(readArguments([])).toEqual({ bench: 'commands', runs: 15, json: false, folder: 'docs' });
  expect(readArguments(['compare', '--json'])).toMatchObject({ bench: 'compare', json: true });
  expect(readArguments(['commands', '--runs', '3', '--folder', 'x'])).toMatchObject({ runs: 3, folder: 'x' });
  expect(readArguments(['--help'])).toBe('help');
});

test.each([
  [['speed'], /no bench speed/],
  [['commands', 'compare'], /one bench at a time: compare/],
  [['--runs', '0'], /--runs 0/],
  [['--runs', '1.5'], /--runs 1\.5/],
  [['--runs', 'many'], /--runs many/],
  [['compare', '--runs', '3'], /--runs is for commands/],
  [['--jsn'], /--jsn/],
] as const)('refuses %j, naming what is wrong', (args, words) => {
  expect(() => readArguments(args)).toThrow(PortfenceError);
  expect(() => readArguments(args)).toThrow(words);
});

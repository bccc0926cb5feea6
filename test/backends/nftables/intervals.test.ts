import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { oneOfTexts } from '../../../src/backends/nftables/words.ts';

test('intervals are asked one after the other, since a new set of them is empty until the commit ends', () => {
  expect(oneOfTexts('ip saddr', true, ['10.0.0.0/8', '192.0.2.1'])).toEqual([
    'ip saddr 10.0.0.0/8',
    'ip saddr 192.0.2.1',
  ]);
  expect(oneOfTexts('th sport', false, ['1-9', '20-29'])).toEqual(['th sport != 1-9 th sport != 20-29']);
});

test('single values are looked up, and so are more intervals than can be asked in turn', () => {
  expect(oneOfTexts('ip saddr', true, ['192.0.2.1', '192.0.2.2'])).toEqual(['ip saddr { 192.0.2.1, 192.0.2.2 }']);
  expect(oneOfTexts('meta mark', false, ['0x1'])).toEqual(['meta mark != 0x1']);
  const many = Array.from({ length: 17 }, (_, i) => `10.${i}.0.0/16`);
  expect(oneOfTexts('ip saddr', false, many)).toEqual([`ip saddr != { ${many.join(', ')} }`]);
});

test('no rule of the examples holds a set of intervals of its own', () => {
  const files = globSync('examples/*/expected.nft');
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(readFileSync(file, 'utf8')).not.toMatch(/^add rule .*\{[^}]*[\d](?:-|\/)\d[^}]*\}/m);
});

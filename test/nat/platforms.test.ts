import { expect, test } from 'vitest';
import { standingNat } from '../../src/nat/standing.ts';
import { expectGolden } from '../support/goldens.ts';
import { PLATFORMS, platformFiles, platformText, standingText } from './platforms.ts';

test.each(platformFiles('.save'))('the rules of %s are followed as their golden says', (name) => {
  const saved = [{ backend: 'iptables-nft', family: 'ipv4', text: platformText(name) } as const];
  expectGolden(`${PLATFORMS}${name.replace('.save', '.save-program')}`, standingText(standingNat({ saved })));
});

test.each(platformFiles('.json'))('the rules of %s are followed as their golden says', (name) => {
  const text = standingText(standingNat({ saved: [], ruleset: platformText(name) }));
  expectGolden(`${PLATFORMS}${name.replace('.json', '.nft-program')}`, text);
});

test('every ruleset for nft has its listing', () => {
  const named = (ending: string) => platformFiles(ending).map((name) => name.slice(0, -ending.length));
  expect(named('.json')).toEqual(named('.nft'));
});

import { expect, test } from 'vitest';
import { observeIptables } from '../../src/backends/iptables/listing.ts';
import { savedRules } from '../../src/observe/saved-rules.ts';
import { failed, missing, type Script, scriptedSystem } from '../support/scripted-system.ts';

const NFT = 'iptables v1.8.7 (nf_tables)\n';
const LEGACY = 'iptables v1.8.7 (legacy)\n';
const OLD = 'iptables v1.6.1\n';
const asked = (commands: Script['commands'], variant: 'nft' | 'legacy' = 'nft') =>
  savedRules(scriptedSystem({ ...(commands ? { commands } : {}) }), {
    family: 'ipv4',
    variant,
    options: ['-t', 'nat'],
  });
const plain = (version: string) => ({
  'iptables-nft-save -t nat': missing('iptables-nft-save'),
  'iptables-legacy-save -t nat': missing('iptables-legacy-save'),
  'iptables --version': version,
  'iptables-save -t nat': '*nat\nCOMMIT\n',
});

test('the program named after the variant comes first', async () => {
  expect(await asked({ ...plain(LEGACY), 'iptables-nft-save -t nat': '*nat\n' })).toBe('*nat\n');
});

test.each([
  [NFT, 'nft', '*nat\nCOMMIT\n'],
  [NFT, 'legacy', undefined],
  [LEGACY, 'nft', undefined],
  [LEGACY, 'legacy', '*nat\nCOMMIT\n'],
  [OLD, 'legacy', '*nat\nCOMMIT\n'],
] as const)('the plain program of %j answers for %s with %j', async (version, variant, text) => {
  expect(await asked(plain(version), variant)).toBe(text);
});

test('a host without iptables has no rules, and a refusal is no absence', async () => {
  const none = { 'iptables-nft-save -t nat': missing('a'), 'iptables --version': missing('iptables') };
  expect(await asked(none)).toBeUndefined();
  await expect(asked({ 'iptables-nft-save -t nat': failed(4, 'Permission denied') })).rejects.toMatchObject({
    code: 'NOT_ROOT',
  });
});

const OURS = '*nat\n:PORTFENCE-host - [0:0]\nCOMMIT\n';
const ABSENT = Object.fromEntries(
  ['iptables-nft-save -c', 'ip6tables-nft-save -c', 'iptables --version', 'ip6tables --version'].map((line) => [
    line,
    missing(line),
  ]),
);

test('the fence of a host without ip6tables is seen', async () => {
  const system = scriptedSystem({ commands: { ...ABSENT, 'iptables-nft-save -c': OURS } });
  expect((await observeIptables(system, 'nft'))?.chains.map(({ name }) => name)).toContain(
    'iptables nat PORTFENCE-host',
  );
});

test('a host without either program is told which one is missing', async () => {
  await expect(observeIptables(scriptedSystem({ commands: ABSENT }), 'nft')).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: 'iptables-nft-save is missing',
    hint: 'install the package iptables',
  });
});

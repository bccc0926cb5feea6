import { describe, expect, it } from 'vitest';
import { observeBaseChains, readBaseChains } from '../../src/observe/base-chains.ts';
import { engineNat } from '../../src/observe/engine-nat.ts';
import { legacyNatTables, mapsSources } from '../../src/observe/legacy-nat.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const NFT = 'nft -j list chains';
const RULES = '-P POSTROUTING ACCEPT\n-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n';
const chain = (family: string, table: string, name: string) => ({
  baseChains: [],
  regularChains: [{ family, table, name }],
});

describe('readBaseChains', () => {
  it('tells base chains from regular ones', () => {
    const { baseChains, regularChains } = readBaseChains(fixture('nft-chains.docker.json'));
    expect(baseChains).toContainEqual({
      family: 'ip6',
      table: 'nat',
      name: 'POSTROUTING',
      type: 'nat',
      hook: 'postrouting',
      priority: 100,
      policy: 'accept',
    });
    expect(baseChains).toHaveLength(8);
    expect(regularChains).toContainEqual({ family: 'ip', table: 'nat', name: 'DOCKER' });
  });

  it('refuses what is no listing', () => {
    expect(() => readBaseChains('[]')).toThrow(/no list of objects/);
    expect(() => readBaseChains('nft: syntax error')).toThrow(/not JSON/);
  });
});

describe('engineNat', () => {
  it('knows Docker with iptables', () => {
    expect(engineNat(readBaseChains(fixture('nft-chains.docker.json')))).toEqual(['ipv4', 'ipv6']);
  });

  it("knows Docker's nftables backend and netavark, each family by itself", () => {
    expect(engineNat(readBaseChains(fixture('nft-chains.engines.json')))).toEqual(['ipv4', 'ipv6']);
    expect(engineNat(chain('inet', 'netavark', 'nv_2f259bab_10_88_0_0_nm16'))).toEqual(['ipv4']);
    expect(engineNat(chain('inet', 'netavark', 'nv_0ef7279d_fd77--_nm64'))).toEqual(['ipv6']);
    expect(engineNat(chain('inet', 'netavark', 'nv_2f259bab_10_88_0_0_nm16_dnat'))).toEqual([]);
    expect(engineNat(chain('ip6', 'docker-bridges', 'nat-POSTROUTING'))).toEqual(['ipv6']);
  });

  it.each([
    ['ip', 'nat', 'CNI-8b0a4d1e', ['ipv4']],
    ['ip6', 'nat', 'NETAVARK-HOSTPORT-MASQ', ['ipv6']],
    ['ip', 'filter', 'DOCKER', []],
    ['ip', 'nat', 'KUBE-POSTROUTING', []],
    ['ip', 'nat', 'DOCKER-lookalike', []],
    ['inet', 'nat', 'DOCKER', []],
  ])('%s %s %s: %j', (family, table, name, families) => {
    expect(engineNat(chain(family, table, name))).toEqual(families);
  });

  it('adds what iptables-legacy masquerades', () => {
    expect(engineNat({ baseChains: [], regularChains: [] }, ['ipv4'])).toEqual(['ipv4']);
  });
});

describe('observeBaseChains', () => {
  it('asks iptables-legacy only where it has a nat table already: asking would make one', async () => {
    const system = scriptedSystem({ commands: { [NFT]: fixture('nft-chains.docker.json') } });
    const chains = await observeBaseChains(system);
    expect(chains.legacyNat).toEqual([]);
    expect(system.calls.run.map(({ argv }) => argv[0])).toEqual(['nft']);
  });

  it('reports the legacy nat tables, and where they masquerade', async () => {
    const system = scriptedSystem({
      commands: {
        [NFT]: '{"nftables":[]}',
        'iptables-legacy -w 2 -t nat -S POSTROUTING': RULES,
        'ip6tables-legacy -w 2 -t nat -S POSTROUTING': failed(127, 'spawn ip6tables-legacy ENOENT'),
      },
      files: { '/proc/net/ip_tables_names': 'filter\nnat\n', '/proc/net/ip6_tables_names': 'nat\n' },
    });
    expect(await observeBaseChains(system)).toMatchObject({
      legacyNat: ['ipv4', 'ipv6'],
      legacyMasquerade: ['ipv4'],
    });
  });

  it.each([
    [127, 'spawn nft ENOENT', 'TOOL_MISSING', 'install the package nftables'],
    [1, 'netlink: Error: cache initialization failed: Operation not permitted', 'NOT_ROOT', /CAP_NET_ADMIN/],
    [1, 'netlink: Error: cache initialization failed: Protocol not supported', 'SYSTEM', undefined],
  ])('nft ends with %i, %s: %s', async (code, stderr, expected, hint) => {
    const system = scriptedSystem({ commands: { [NFT]: failed(code, stderr) } });
    const error = await observeBaseChains(system).catch((problem: unknown) => problem);
    expect(error).toMatchObject({ code: expected });
    if (hint !== undefined) expect(error).toHaveProperty('hint', expect.stringMatching(hint));
  });
});

describe('iptables-legacy', () => {
  it('has no nat table where the file is missing, unreadable, or names others', async () => {
    expect(await legacyNatTables(scriptedSystem())).toEqual([]);
    const others = scriptedSystem({ files: { '/proc/net/ip_tables_names': 'mangle\nnatural\n' } });
    expect(await legacyNatTables(others)).toEqual([]);
    const refused = { ...others, readText: async () => Promise.reject(new Error('EACCES')) };
    expect(await legacyNatTables(refused)).toEqual([]);
  });

  it('knows both ways to map a source', () => {
    expect(mapsSources(RULES)).toBe(true);
    expect(mapsSources('-A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.1')).toBe(true);
    expect(mapsSources('-A POSTROUTING -j DOCKER\n-A POSTROUTING -m comment --comment MASQUERADE')).toBe(false);
  });
});

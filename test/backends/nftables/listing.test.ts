import { describe, expect, it } from 'vitest';
import { observeFence, readFence } from '../../../src/backends/listing.ts';
import { fixture } from '../../observe/fixture.ts';
import { failed, scriptedSystem } from '../../support/scripted-system.ts';

const NFT = 'nft -j list table inet portfence';
const listing = (...objects: readonly unknown[]) => JSON.stringify({ nftables: objects });

describe('readFence', () => {
  const fence = readFence(fixture('nft-table.json'));

  it('gives chains their hooks and their rules in order', () => {
    expect(fence.chains.map(({ name, base, rules }) => [name, base?.hook, base?.priority, rules.length])).toEqual([
      ['confine', 'postrouting', 50, 2],
      ['guard', 'postrouting', 300, 2],
      ['to0', undefined, undefined, 1],
    ]);
    expect(fence.chains[0]?.rules[0]).toEqual({
      comment: 'id: entry',
      expr: [{ match: { op: '!=', left: { meta: { key: 'oifname' } }, right: '@uplinks' } }, { accept: null }],
      handle: 13,
    });
  });

  it('writes elements of every form as nft does', () => {
    const elements = (name: string) => fence.sets.find((set) => set.name === name)?.elements;
    expect(elements('uplinks')).toEqual(['ens*', 'eth0']);
    expect(elements('exempt')).toEqual(['10.0.0.0/8', '192.0.2.7', '198.51.100.1-198.51.100.9']);
    expect(elements('published')).toEqual(['172.17.0.2 . tcp . 80', '172.17.0.2 . udp . 5060']);
    expect(elements('odd')).toEqual([]); // Its elements come and go by time-outs.
    expect(elements('empty')).toEqual([]);
  });

  it('joins the types of a concatenation and sorts flags', () => {
    expect(fence.sets.find(({ name }) => name === 'published')?.type).toBe('ipv4_addr . inet_proto . inet_service');
    expect(fence.sets.find(({ name }) => name === 'odd')?.flags).toEqual(['interval', 'timeout']);
    const newer = readFence(listing({ set: { name: 's', type: 'ifname', flags: 'interval' } }));
    expect(newer.sets[0]?.flags).toEqual(['interval']);
  });

  it('reads counters, also past the 2^63 from which nft 1.0.6 writes them as negative', () => {
    expect(fence.counters).toEqual([
      { name: 'leaked_ip_tcp_host', packets: 0, bytes: 0 },
      { name: 'kept', packets: 2 ** 64 - 1, bytes: 2 ** 53 },
    ]);
  });

  it('names what portfence never makes', () => {
    expect(fence.others).toEqual(['map m']);
  });

  it('survives objects of any shape', () => {
    const odd = readFence(
      listing(
        null,
        7,
        { chain: null },
        { set: { name: 's', elem: { x: 1 } } },
        { rule: [] },
        { set: { name: 't', elem: [null, { elem: { val: { elem: {} } } }] } },
      ),
    );
    expect(odd.chains).toEqual([]);
    expect(odd.sets.map(({ name }) => name)).toEqual(['s', 't']);
  });
});

describe('readFence, against deep nesting', () => {
  it('does not run out of stack', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const json = `{"nftables":[{"set":{"name":"s","type":${deep},"elem":[${deep}]}},{"rule":{"expr":${deep}}}]}`;
    expect(readFence(json).sets).toEqual([{ name: 's', type: '...', flags: [], elements: ['...'] }]);
  });
});

describe('observeFence', () => {
  it('is undefined where there is no such table', async () => {
    const words = 'Error: No such file or directory\nlist table inet portfence\n                ^^^^^^^^^';
    expect(await observeFence(scriptedSystem({ commands: { [NFT]: failed(1, words) } }))).toBeUndefined();
  });

  it('reads the table that is there', async () => {
    const system = scriptedSystem({ commands: { [NFT]: fixture('nft-table.json') } });
    expect((await observeFence(system))?.chains).toHaveLength(3);
  });

  it.each([
    [
      1,
      'Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted',
      'NOT_ROOT',
    ],
    [127, 'spawn nft ENOENT: No such file or directory', 'TOOL_MISSING'],
    [1, 'netlink: Error: cache initialization failed: No such file or directory', 'SYSTEM'],
  ])('ends with %i, %s: %s', async (code, stderr, expected) => {
    const system = scriptedSystem({ commands: { [NFT]: failed(code, stderr) } });
    await expect(observeFence(system)).rejects.toMatchObject({ code: expected });
  });
});

import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PEER } from '../../src/lab/topology.ts';
import { portSet } from '../../src/ports.ts';
import { type FencedTestbed, fencedTestbed } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

/** How many flows begin while the plan changes. */
const FLOW_COUNT = 60_000;
/** From one bound port to one port of the peer after the other: each datagram begins a flow. */
const FLOWS = `
const [host, flows] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
let sent = 0;
const some = () => {
  for (let i = 0; i < 30 && sent < Number(flows); i++) socket.send('x', ++sent, host);
  if (sent < Number(flows)) setTimeout(some, 2); else setTimeout(() => socket.close(), 100);
};
socket.bind(1025, some);`;

needs(...LAB, 'conntrack')('a new plan in the place of an old one', () => {
  let fenced: FencedTestbed;
  beforeEach(async () => {
    fenced = await fencedTestbed();
    await fenced.fence();
  });
  afterEach(() => fenced.close());

  const hooks = async (): Promise<Readonly<Record<string, { handle: number; prio: number }>>> => {
    const listed = await fenced.testbed.host.expect(['nft', '-j', 'list', 'chains', 'inet']);
    const { nftables } = JSON.parse(listed) as {
      nftables: readonly { chain?: { name: string; handle: number; prio?: number } }[];
    };
    return Object.fromEntries(
      nftables.flatMap(({ chain }) =>
        chain?.prio === undefined ? [] : [[chain.name, { handle: chain.handle, prio: chain.prio }]],
      ),
    );
  };

  test('keeps the chains that hook, so that every packet meets the rules of one or the other', async () => {
    const before = await hooks();
    const { changed } = await fenced.fence({ ports: [{ from: 50_000, to: 51_999 }] });
    expect(changed).toBe(true);
    expect(Object.keys(before).sort()).toEqual(['confine', 'guard']);
    expect(await hooks()).toEqual(before);
    expect(await fenced.testbed.host.expect(['nft', 'list', 'table', 'inet', 'portfence'])).not.toContain('49152');
  });

  test('keeps the sets that hold what they ought to, and no others', async () => {
    const handles = async () => {
      const listed = await fenced.testbed.host.expect(['nft', '-j', 'list', 'sets', 'inet']);
      const { nftables } = JSON.parse(listed) as { nftables: readonly { set?: { name: string; handle: number } }[] };
      return Object.fromEntries(nftables.flatMap(({ set }) => (set ? [[set.name, set.handle]] : [])));
    };
    const exempt = { exempt: { destinations: ['192.0.2.0/24', '2001:db8:9::/48'], sourcePorts: [] } };
    await fenced.fence(exempt);
    const before = await handles();
    await fenced.fence({ ...exempt, ports: [{ from: 50_000, to: 51_999 }] });
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['exempt_ipv4', 'exempt_ipv6']));
    expect(await handles()).toEqual(before);
    await fenced.testbed.host.expect([
      'nft',
      'add',
      'element',
      'inet',
      'portfence',
      'exempt_ipv4',
      '{ 198.51.100.0/24 }',
    ]);
    await fenced.fence({ ...exempt, ports: [{ from: 50_000, to: 51_999 }] });
    const { exempt_ipv4: changed, ...others } = await handles();
    expect(changed).not.toBe(before['exempt_ipv4']);
    const { exempt_ipv4: _, ...were } = before;
    expect(others).toEqual(were);
    expect(await fenced.testbed.host.expect(['nft', 'list', 'set', 'inet', 'portfence', 'exempt_ipv4'])).not.toContain(
      '198.51.100',
    );
  });

  test('meets every packet, also where it has several ranges, of which sets would be empty for a moment', async () => {
    const ranges = [
      [portSet({ from: 49_152, to: 54_999 }, { from: 56_000, to: 61_000 })],
      [portSet({ from: 49_152, to: 52_999 }, { from: 54_000, to: 61_000 })],
    ].flat();
    const other = (round: number) => fenced.fence({ ports: ranges[round % 2] ?? [], host: 'all' });
    await other(1);
    await fenced.testbed.acl.reset();
    const sending = fenced.testbed.host.expect([process.execPath, '-e', FLOWS, PEER.ipv4, String(FLOW_COUNT)]);
    for (let round = 0; round < 12; round += 1) expect((await other(round)).changed).toBe(true);
    await sending;
    const { inRange, outOfRange } = await fenced.testbed.acl.counters();
    expect(outOfRange).toBe(0);
    expect(inRange).toBeGreaterThan(FLOW_COUNT / 2); // A busy machine may drop datagrams.
  });

  test('makes a chain anew that hooks elsewhere, and takes away one that is not wanted', async () => {
    const before = await hooks();
    const { host } = fenced.testbed;
    const script = [
      'flush chain inet portfence guard',
      'delete chain inet portfence guard',
      'add chain inet portfence guard { type filter hook postrouting priority 111; policy accept; }',
      'add chain inet portfence more { type filter hook postrouting priority 7; policy drop; }',
    ];
    await host.expect(['nft', '-f', '-'], { input: script.join('\n') });
    expect((await fenced.fence()).changed).toBe(true);
    const after = await hooks();
    expect(after['confine']).toEqual(before['confine']);
    expect(after['guard']?.prio).toBe(before['guard']?.prio);
    expect(Object.keys(after).sort()).toEqual(['confine', 'guard']);
  });
});

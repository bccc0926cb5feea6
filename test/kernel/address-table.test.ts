import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { type AddressRow, addressTable } from '../../src/plan/address-table.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

/** A bridge of containers with an address of its own, one that is masqueraded, and one whose guests keep theirs. */
const RULES = `
table inet own {
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.21.0.0/16 ip daddr 198.51.100.0/24 accept
    ip saddr 172.21.0.0/16 oifname "eth0" snat ip to 10.0.1.77
    ip saddr 10.99.0.0/16 masquerade
  }
}
`;
const BRIDGES = ['br-00000000aaaa', 'br-00000000bbbb', 'virbr0'] as const;

needs(...LAB, 'conntrack')('the table of source addresses', () => {
  let place: FencedTestbed;
  let cli: CommandLine;
  const guests = new Map<string, Guest>();

  beforeEach(async () => {
    place = await fencedTestbed(OPEN_ACL);
    cli = await commandLine(place.testbed.host);
    for (const [i, name] of BRIDGES.entries()) {
      const net = 21 + i;
      const spec = { name, ipv4: `172.${net}.0.1/16`, ipv6: `fd00:172:${net}::1/64`, masquerade: i === 1 };
      guests.set(name, await (await place.testbed.addBridge(spec)).addGuest());
      await place.testbed.router.expect(['ip', 'route', 'add', `172.${net}.0.0/16`, 'via', HOST.ipv4]);
      await place.testbed.router.expect(['ip', 'route', 'add', `fd00:172:${net}::/64`, 'via', HOST.ipv6]);
    }
    await place.testbed.host.expect(['nft', '-f', '-'], { input: RULES });
    await place.testbed.host.expect(['ip', 'address', 'add', '10.0.1.77/24', 'dev', 'eth0']);
  });
  afterEach(async () => {
    await cli?.close();
    await place?.close();
  });

  /** The guest's own address stands for the one that the table takes from its network. */
  const own = (row: AddressRow | undefined, address: string | null, from: string): string | null =>
    address === row?.source ? (guests.get(from)?.[row.family] ?? HOST[row.family]) : address;

  test('is what the peer sees, without the fence and with it', async () => {
    const origins = ['host', ...BRIDGES];
    const seen = async () =>
      Promise.all(
        origins.flatMap((from) =>
          (['ipv4', 'ipv6'] as const).map(async (family) => {
            const [one] = await seenFrom(guests.get(from) ?? place.testbed.host, [40_001], { family });
            return `${from} ${family} ${one?.seen?.address}`;
          }),
        ),
      );
    const before = await seen();
    await place.testbed.host.expect(['conntrack', '-F']);
    const { survey } = await place.fence();
    const rows = addressTable(survey.plan, survey.facts);
    const told = (which: 'before' | 'after') =>
      origins.flatMap((from) =>
        (['ipv4', 'ipv6'] as const).map((family) => {
          const row = rows.find((one) => one.from === from && one.family === family);
          return `${from} ${family} ${own(row, row?.[which] ?? null, from)}`;
        }),
      );
    expect(told('before')).toEqual(before);
    expect(told('after')).toEqual(await seen());
    expect(rows.filter(({ same }) => !same)).toEqual([]);
  });

  test('has a row for an exception, and for senders without an interface here', async () => {
    const { survey } = await place.fence();
    const rows = addressTable(survey.plan, survey.facts).filter(({ family }) => family === 'ipv4');
    const of = (from: string) => rows.filter((row) => row.from === from);
    expect(of('br-00000000aaaa')).toMatchObject([
      { before: '10.0.1.77', after: '10.0.1.77', by: expect.stringContaining('inet own post: ') },
      { source: '172.21.0.2', destination: '198.51.100.1', before: '172.21.0.2', after: '172.21.0.2' },
    ]);
    expect(of('10.99.0.0/16')).toMatchObject([{ before: HOST.ipv4, after: HOST.ipv4, uplink: 'eth0' }]);
  });

  test('is shown by apply --confirm before anything changes, and by plan --addresses', async () => {
    const planned = await cli.run(['plan', '--ports', '49152-61000', '--addresses']);
    expect(planned.stdout).toContain('every source address stays as it is');
    expect(planned.stdout).toMatch(
      /br-00000000aaaa \(172\.21\.0\.2\) +ipv4 +192\.0\.2\.1 +eth0 +10\.0\.1\.77 +10\.0\.1\.77/,
    );
    const { document } = await cli.json(['plan', '--ports', '49152-61000', '--addresses']);
    expect(document['addresses']).toContainEqual(
      expect.objectContaining({ from: 'host', after: HOST.ipv4, same: true }),
    );
    const applied = await cli.json(['apply', '--ports', '49152-61000', '--confirm', '60']);
    expect(applied.document['addresses']).toEqual(document['addresses']);
    await cli.run(['confirm']);
    const again = await cli.run(['apply', '--ports', '49152-61000', '--confirm', '60']);
    expect(again.stderr).toContain('address before');
    expect((await seenFrom(place.testbed.host, [40_001], { to: PEER.ipv4 }))[0]?.seen?.address).toBe(HOST.ipv4);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { openConnections, spreadPorts } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT, servePeer } from '../../src/lab/peer-servers.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { holds, onEachBackend } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom, seenText } from '../support/fenced-testbed.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const KINDS = (['ipv4', 'ipv6'] as const).flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
const SERVICE = 40_777;
/** One datagram from a socket with IP_TRANSPARENT (19), which Node can't set; perl is part of every Debian. */
const TRANSPARENT = `
my ($from, $port, $to, $service) = @ARGV;
socket(my $s, PF_INET, SOCK_DGRAM, 17) or die "socket: $!";
setsockopt($s, 0, 19, 1) or die "transparent: $!";
bind($s, pack_sockaddr_in($port, inet_aton($from))) or die "bind: $!";
send($s, "?", 0, pack_sockaddr_in($service, inet_aton($to))) or die "send: $!";
alarm 3; recv($s, my $answer, 999, 0); print $answer;`;

onEachBackend('whose traffic it is', [...LAB, 'conntrack', 'busybox'], (flavour) => {
  let fenced: FencedTestbed;
  let routed: Guest;
  const guests: Guest[] = [];
  const guestOn = async (name: string, net: number, masquerade: boolean) => {
    const spec = { name, ipv4: `172.${net}.0.1/16`, ipv6: `fd00:172:${net}::1/64`, masquerade };
    const guest = await (await fenced.testbed.addBridge(spec)).addGuest();
    await fenced.testbed.router.expect(['ip', 'route', 'add', `172.${net}.0.0/16`, 'via', HOST.ipv4]);
    await fenced.testbed.router.expect(['ip', 'route', 'add', `fd00:172:${net}::/64`, 'via', HOST.ipv6]);
    return guest;
  };

  beforeAll(async () => {
    fenced = await fencedTestbed(OPEN_ACL, flavour);
    routed = await guestOn('br-00000000aaaa', 21, false);
    for (const [i, name] of ['virbr0', 'br0', 'br-lan', 'vmbr0'].entries())
      guests.push(await guestOn(name, 31 + i, false));
    await fenced.fence({
      containers: { ...samplePolicy.containers, routed: ['172.21.0.0/16', 'fd00:172:21::/64'] },
      exempt: { destinations: ['203.0.113.250/32'], sourcePorts: [{ from: 45_000, to: 45_000 }] },
    });
  });
  afterAll(() => fenced?.close());

  test.each(KINDS)('a VM guest keeps its address and port: %o', async (kind) => {
    for (const guest of guests) {
      expect(seenText(await seenFrom(guest, [40_100], kind))).toEqual([`${guest[kind.family]} 40100`]);
    }
    expect(guests).toHaveLength(4);
  });

  test.each(KINDS)('a routed container network keeps its address, with an allowed port: %o', async (kind) => {
    for (const { seen } of await seenFrom(routed, spreadPorts(20, 1024, 65_535), kind)) {
      expect(seen?.address).toBe(routed[kind.family]);
      expect(hasPort(samplePolicy.ports, seen?.port ?? 0)).toBe(true);
    }
  });

  const LATER = 'a network that is masqueraded later is fenced from its first packet';
  test.each(holds(LATER, flavour) ? KINDS : [])(`${LATER}: %o`, async (kind) => {
    const net = 41 + KINDS.indexOf(kind);
    const guest = await guestOn(`br-${net}c0ffee${net}ba`.slice(0, 15), net, true);
    const results = await seenFrom(guest, spreadPorts(20, 1024, 65_535), kind);
    expect(results.every(({ seen }) => seen && hasPort(samplePolicy.ports, seen.port))).toBe(true);
  });

  test('a forwarded client of a VPN is left alone and counted', async () => {
    await fenced.testbed.host.expect([
      'ip',
      'link',
      'add',
      'wg0',
      'type',
      'veth',
      'peer',
      'name',
      'vpn',
      'netns',
      String(routed.pid),
    ]);
    await fenced.testbed.host.expect(['ip', 'addr', 'add', '10.99.0.1/24', 'dev', 'wg0']);
    await fenced.testbed.host.expect(['ip', 'link', 'set', 'wg0', 'up']);
    await routed.expect(['ip', 'addr', 'add', '10.99.0.2/24', 'dev', 'vpn']);
    await routed.expect(['ip', 'link', 'set', 'vpn', 'up']);
    await routed.expect(['ip', 'rule', 'add', 'from', '10.99.0.2', 'table', '99']);
    await routed.expect(['ip', 'route', 'add', 'default', 'via', '10.99.0.1', 'table', '99']);
    await fenced.testbed.router.expect(['ip', 'route', 'add', '10.99.0.0/24', 'via', HOST.ipv4]);
    const before = await count('leftAlone_forwarded_ipv4_tcp');
    expect(seenText(await seenFrom(routed, [40_300], { from: '10.99.0.2' }))).toEqual(['10.99.0.2 40300']);
    expect(await count('leftAlone_forwarded_ipv4_tcp')).toBeGreaterThan(before);
  });

  test('a transparent source keeps its address and port', async () => {
    const { host, router } = fenced.testbed;
    await router.expect(['ip', 'route', 'add', '10.98.0.0/24', 'via', HOST.ipv4]);
    await host.expect(['ip', 'route', 'add', 'local', '10.98.0.0/24', 'dev', 'lo', 'table', '98']);
    await host.expect(['ip', 'rule', 'add', 'iif', 'eth0', 'to', '10.98.0.0/24', 'table', '98']);
    const answer = await host.expect([
      'perl',
      '-MSocket',
      '-e',
      TRANSPARENT,
      '10.98.0.5',
      '40400',
      PEER.ipv4,
      String(ECHO_ADDRESS_PORT),
    ]);
    expect(JSON.parse(answer)).toEqual({ address: '10.98.0.5', port: 40_400 });
  });

  test.each(KINDS)("the host's own sockets keep their address; ports bound on purpose stay: %o", async (kind) => {
    const { host } = fenced.testbed;
    const second = kind.family === 'ipv4' ? '10.0.1.77' : 'fd00:1::77';
    await host.run(['ip', 'addr', 'add', `${second}/${kind.family === 'ipv4' ? 24 : 64}`, 'dev', 'eth0']);
    const [chosen] = await seenFrom(host, [40_500], { ...kind, from: second });
    expect(chosen?.seen?.address).toBe(second);
    expect(hasPort(samplePolicy.ports, chosen?.seen?.port ?? 0)).toBe(true);
    expect(
      seenText(await seenFrom(host, [5060, 20_000, 45_000, 61_500, 443], kind)).map((text) => text.split(' ')[1]),
    ).toEqual([...['5060', '20000', '45000', '61500', '443']]);
  });

  test('an exempt destination and traffic between containers are untouched', async () => {
    await fenced.testbed.peer.expect(['ip', 'addr', 'add', '203.0.113.250/24', 'dev', 'eth0']);
    const { host } = fenced.testbed;
    const results = await seenFrom(host, [40_600], { protocol: 'udp', to: '203.0.113.250' });
    expect(seenText(results)).toEqual(['no answer']);
    const flows = await host.expect(['conntrack', '-L', '-d', '203.0.113.250']);
    expect(flows).toContain('sport=40600');
    expect(flows).toContain('dport=40600');
  });

  test('ping works as before, from the host and from a container, in both families', async () => {
    for (const from of [fenced.testbed.host, routed]) {
      for (const to of ['203.0.113.10', 'fd00:2::10']) await from.expect(['busybox', 'ping', '-c', '1', '-W', '2', to]);
    }
  });

  test("a published port's client keeps its real address, and the server its port", async () => {
    const { host, peer } = fenced.testbed;
    const guest = await guestOn('br-00000000bbbb', 51, true);
    await host.expect(['nft', '-f', '-'], {
      input: `table ip lab_published { chain prerouting { type nat hook prerouting priority dstnat; iifname "eth0" meta l4proto { tcp, udp } th dport ${SERVICE} dnat to ${guest.ipv4}:7000; }; }\n`,
    });
    const server = await servePeer(guest, [guest.ipv4]);
    for (const protocol of PROTOCOLS) {
      const to = { host: HOST.ipv4, port: SERVICE };
      const results = await openConnections(peer, [{ protocol, to, sourcePorts: [33_333], timeoutMs: 3000 }]);
      expect(seenText(results)).toEqual(['203.0.113.10 33333']);
    }
    await server.stop();
  });

  const count = async (name: string) => {
    const { survey } = await fenced.fence({
      containers: { ...samplePolicy.containers, routed: ['172.21.0.0/16', 'fd00:172:21::/64'] },
      exempt: { destinations: ['203.0.113.250/32'], sourcePorts: [{ from: 45_000, to: 45_000 }] },
    });
    return survey.present?.counters.find((counter) => counter.name === name)?.packets ?? 0;
  };
});

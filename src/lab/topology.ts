import type { Namespace } from './namespace.ts';

/** Addresses of the testbed, all from documentation and private ranges. */
export const HOST = {
  ipv4: '10.0.1.10',
  ipv6: 'fd00:1::10',
  second: { ipv4: '10.0.2.10', ipv6: 'fd00:3::10' },
} as const;
/** The peer's own addresses; `mirrorAddress` gives the further ones. */
export const PEER = {
  ipv4: '203.0.113.10',
  ipv6: 'fd00:2::10',
  /** Reached over the second uplink, where there is one. */
  second: { ipv4: '198.51.100.10', ipv6: 'fd00:4::10' },
} as const;

/** The peer's further addresses: download mirrors, each a destination of its own. `index` counts from 0. */
export function mirrorAddress(index: number): { ipv4: string; ipv6: string } {
  return { ipv4: `203.0.113.${11 + index}`, ipv6: `fd00:2::${11 + index}` };
}

/** Every address of a peer with so many mirrors. */
export function peerAddresses(mirrors: number): readonly string[] {
  const more = Array.from({ length: mirrors }, (_, index) => mirrorAddress(index));
  return [PEER, PEER.second, ...more].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
}

/** One `ip -batch` run: many changes, one process. */
export async function ipBatch(namespace: Namespace, lines: readonly string[]): Promise<void> {
  await namespace.expect(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** New links get no duplicate address detection, so that an address works at once. */
export async function prepareNamespace(namespace: Namespace, forwarding: boolean): Promise<void> {
  const settings = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0'];
  if (forwarding) settings.push('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  await namespace.expect(['sysctl', '-q', '-w', ...settings]);
}

/** Lays the cables between host, router and peer, with addresses and routes. */
export async function connectHosts(
  { host, router, peer }: { host: Namespace; router: Namespace; peer: Namespace },
  { uplinks, mirrors }: { uplinks: 1 | 2; mirrors: number },
): Promise<void> {
  await Promise.all([prepareNamespace(host, true), prepareNamespace(router, true), prepareNamespace(peer, false)]);
  const second = uplinks === 2;
  await ipBatch(host, [
    `link add eth0 type veth peer name h0 netns ${router.pid}`,
    ...(second ? [`link add eth1 type veth peer name h1 netns ${router.pid}`] : []),
  ]);
  await ipBatch(peer, [`link add eth0 type veth peer name s0 netns ${router.pid}`]);
  await ipBatch(router, [
    ...gateway('h0', '10.0.1.1/24', 'fd00:1::1/64'),
    ...gateway('s0', '203.0.113.1/24', 'fd00:2::1/64'),
    ...(second ? gateway('h1', '10.0.2.1/24', 'fd00:3::1/64') : []),
    'addr add 198.51.100.1/24 dev s0',
    'addr add fd00:4::1/64 dev s0 nodad',
    // Connections to an address that does not exist wait, as in a cloud.
    'route add blackhole default',
    'route add blackhole ::/0',
  ]);
  await ipBatch(peer, [
    ...peerAddresses(mirrors).map((address) =>
      address.includes(':') ? `addr add ${address}/64 dev eth0 nodad` : `addr add ${address}/24 dev eth0`,
    ),
    'link set eth0 up',
    'route add default via 203.0.113.1',
    'route add default via fd00:2::1',
  ]);
  await ipBatch(host, [
    ...gateway('eth0', `${HOST.ipv4}/24`, `${HOST.ipv6}/64`),
    'route add default via 10.0.1.1 metric 100',
    'route add default via fd00:1::1 metric 100',
    ...(second
      ? [
          ...gateway('eth1', `${HOST.second.ipv4}/24`, `${HOST.second.ipv6}/64`),
          'route add default via 10.0.2.1 metric 200',
          'route add default via fd00:3::1 metric 200',
          'route add 198.51.100.0/24 via 10.0.2.1',
          'route add fd00:4::/64 via fd00:3::1',
        ]
      : []),
  ]);
}

function gateway(link: string, ipv4: string, ipv6: string): string[] {
  return [`addr add ${ipv4} dev ${link}`, `addr add ${ipv6} dev ${link} nodad`, `link set ${link} up`];
}

import { expect, test } from 'vitest';
import { compile } from '../../src/plan/compile.ts';
import type { Link } from '../../src/plan/facts.ts';
import { containerNetworks, highAddresses } from '../../src/verify/networks.ts';
import { smallest } from '../../src/verify/real-container.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

const bridge = (name: string, ...addresses: string[]): Link => ({ name, kind: 'bridge', master: undefined, addresses });
const of = (...links: Link[]) => {
  const facts = { ...sampleFacts, links: [...sampleFacts.links, ...links] };
  return { facts, plan: compile(samplePolicy, facts) };
};

test('bridges of engines with an address are container networks, by family', () => {
  const { facts, plan } = of(
    bridge('docker0', '172.17.0.1/16', 'fe80::1/64'),
    bridge('br-0123456789ab', '172.18.0.1/16', 'fd00:172:18::1/64'),
    bridge('br-aaaaaaaaaaaa'),
    bridge('br-lan', '192.168.1.1/24'),
    bridge('virbr0', '192.168.122.1/24'),
  );
  expect(containerNetworks(plan, facts).networks).toEqual([
    { kind: 'container', bridge: 'docker0', gateways: { ipv4: '172.17.0.1/16' } },
    { kind: 'container', bridge: 'br-0123456789ab', gateways: { ipv4: '172.18.0.1/16', ipv6: 'fd00:172:18::1/64' } },
  ]);
});

test('an internal network is told, not sent from', () => {
  const { facts } = of(bridge('br-0123456789ab', '172.18.0.1/16'));
  const internal = {
    engine: 'docker',
    name: 'db',
    bridge: 'br-0123456789ab',
    subnets: ['172.18.0.0/16'],
    routed: [],
    sourceAddress: undefined,
    internal: true,
  } as const;
  const known = { ...facts, networks: [internal] };
  expect(containerNetworks(compile(samplePolicy, known), known)).toEqual({
    networks: [],
    notes: ['not checked: br-0123456789ab is an internal network, which nothing leaves'],
  });
});

test('addresses are taken from the top of the subnet, without the bridge, broadcast and known neighbours', () => {
  expect(highAddresses('172.18.0.1/16', ['172.18.255.253'], 3)).toEqual([
    '172.18.255.254',
    '172.18.255.252',
    '172.18.255.251',
  ]);
  expect(highAddresses('10.0.0.2/30', [], 4)).toEqual(['10.0.0.1']);
  expect(highAddresses('fd00::1/64', [], 1)).toEqual(['fd00::ffff:ffff:ffff:fffe']);
});

test('images are tried by size', () => {
  const id = (digit: string) => `sha256:${digit.repeat(64)}`;
  const listing = `${id('a')} 1.2GB\n${id('b')} 72.8MB\n${id('c')} 13.3kB\n${id('b')} 72.8MB\nnonsense\n`;
  expect(smallest(listing)).toEqual([id('c'), id('b'), id('a')]);
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { creation, nftTable } from '../../src/backends/nftables/render.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { compile } from '../../src/plan/compile.ts';
import type { ContainerNetwork, HostFacts } from '../../src/plan/facts.ts';
import { parseFlow } from '../../src/plan/flow-text.ts';
import { locate } from '../../src/plan/locate.ts';
import { walk } from '../../src/plan/walk.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

const network = (name: string, bridge: string, subnet: string, more: Partial<ContainerNetwork> = {}) =>
  ({
    engine: 'docker',
    name,
    bridge,
    subnets: [subnet],
    routed: [],
    sourceAddress: undefined,
    internal: false,
    ...more,
  }) satisfies ContainerNetwork;

const NETWORKS = [
  network('bridge', 'docker0', '172.17.0.0/16'),
  network('shop', 'br-0123456789ab', '172.18.0.0/16'),
  network('mail', 'br-mail', '172.22.0.0/16'),
];
const rulesOf = (networks: readonly ContainerNetwork[]): readonly string[] =>
  networks.map(({ bridge, subnets }) => `-A POSTROUTING -s ${subnets[0]} ! -o ${bridge} -j MASQUERADE`);

function facts(rules: readonly string[], networks: readonly ContainerNetwork[] = NETWORKS): HostFacts {
  const text = ['*nat', ':POSTROUTING ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n');
  const bridges = networks.map(({ bridge, subnets }) => ({
    name: bridge ?? '',
    kind: 'bridge',
    master: undefined,
    addresses: [String(subnets[0]).replace('.0.0/16', '.0.1/16')],
  }));
  return {
    ...sampleFacts,
    links: [...sampleFacts.links, ...bridges],
    networks,
    engineNat: ['ipv4'],
    standingNat: standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text }] }),
  };
}

const rules = (host: HostFacts): string => creation(nftTable(compile(samplePolicy, host))).join('\n');
function address(host: HostFacts, from: string, to = '203.0.113.10'): string {
  const plan = compile(samplePolicy, host);
  const packet = locate(parseFlow(`tcp ${from}:40001 > ${to}:443`), host, plan);
  const fate = packet && walk(plan, packet).fate;
  return fate?.do === 'map' ? fate.address.mode : `${fate?.as}`;
}

describe('the plan of a host with an engine', () => {
  const asMade = facts(rulesOf(NETWORKS));

  test('is the same while the rules of the engine stand, in whatever order, and when they are flushed', () => {
    expect(rules(facts(rulesOf(NETWORKS.toReversed())))).toBe(rules(asMade));
    expect(rules(facts([]))).toBe(rules(asMade));
    for (const host of [asMade, facts([])])
      for (const from of ['172.17.0.2', '172.18.0.2', '172.22.0.2']) expect(address(host, from)).toBe('masquerade');
  });

  test('is the same when a network of the usual kind comes or goes', () => {
    const [first, , third] = NETWORKS;
    const fewer = first && third ? [first, third] : [];
    const named = (host: HostFacts) => rules(host).replaceAll(/^add element .* translated_.*$/gm, '');
    expect(named(facts(rulesOf(fewer), fewer))).toBe(named(asMade));
  });

  test('leaves the word to the rules where one of others may decide before', () => {
    const exception = '-A POSTROUTING -s 172.17.0.0/16 -d 10.200.0.0/16 -j ACCEPT';
    const host = facts([exception, ...rulesOf(NETWORKS)]);
    expect(address(host, '172.17.0.2')).toBe('masquerade');
    expect(address(host, '172.17.0.2', '10.200.0.9')).toBe('keep');
    expect(address(host, '172.18.0.2', '10.200.0.9')).toBe('masquerade');
    const own = '-A POSTROUTING -s 172.22.0.0/16 ! -d 172.22.0.0/16 -j SNAT --to-source 198.51.100.77';
    expect(address(facts([own, ...rulesOf(NETWORKS)]), '172.22.0.2')).toBe('fixed');
  });

  test('is the same where others translate what programs of this host send, whatever rule comes first', () => {
    const owner = '-A POSTROUTING -m owner --uid-owner 1000 -j SNAT --to-source 198.51.100.77';
    const group = '-A POSTROUTING -m cgroup --cgroup 7 -j SNAT --to-source 198.51.100.78';
    const host = facts([owner, group, ...rulesOf(NETWORKS)]);
    expect(rules(facts([owner, group]))).toBe(rules(host));
    expect(address(host, '172.17.0.2')).toBe('masquerade');
  });

  test('follows the engine in one family where rules of others decide about the other', () => {
    const both = { ...network('both', 'docker0', '172.17.0.0/16'), subnets: ['172.17.0.0/16', 'fd00:17::/64'] };
    const exception = '-A POSTROUTING -s 172.17.0.0/16 -d 10.200.0.0/16 -j ACCEPT';
    const host = facts([exception, ...rulesOf([both])], [both]);
    const links = host.links.map((link) =>
      link.name === 'docker0' ? { ...link, addresses: ['172.17.0.1/16', 'fd00:17::1/64'] } : link,
    );
    const dual: HostFacts = { ...host, links, engineNat: ['ipv4', 'ipv6'] };
    expect(address(dual, '172.17.0.2', '10.200.0.9')).toBe('keep');
    expect(address(dual, '[fd00:17::2]', '[2001:db8::10]')).toBe('masquerade');
  });

  test('follows an address that the engine gives, and a network that it does not translate', () => {
    const networks = [
      network('own', 'br-00000000aaaa', '172.20.0.0/16', { sourceAddress: '10.0.1.11' }),
      network('routed', 'br-00000000bbbb', '172.21.0.0/16', { routed: ['ipv4'] }),
    ];
    const rule = '-A POSTROUTING -s 172.20.0.0/16 ! -o br-00000000aaaa -j SNAT --to-source 10.0.1.11';
    const host = facts([rule], networks);
    expect(rules(facts([], networks))).toBe(rules(host));
    expect(address(host, '172.20.0.2')).toBe('fixed');
    expect(address(host, '172.21.0.2')).toBe('keep');
  });

  test('keeps addresses where the engine makes no rules at all', () => {
    const host = { ...facts([]), engineNat: [] };
    expect(address(host, '172.17.0.2')).toBe('keep');
    expect(address(host, '172.22.0.2')).toBe('keep');
  });
});

describe('the plan of a host whose containers are masqueraded one by one', () => {
  const link = { name: 'cni0', kind: 'bridge', master: undefined, addresses: ['10.22.0.1/16'] };
  const cni = [
    ':CNI-70a29d9dc18bc4d652ea5d59 - [0:0]',
    '-A POSTROUTING -s 10.22.0.2/32 -j CNI-70a29d9dc18bc4d652ea5d59',
    '-A CNI-70a29d9dc18bc4d652ea5d59 -d 10.22.0.0/16 -j ACCEPT',
    '-A CNI-70a29d9dc18bc4d652ea5d59 ! -d 224.0.0.0/4 -j MASQUERADE',
  ];
  const host = (rulesThere: readonly string[]): HostFacts => {
    const plain = facts(rulesThere, []);
    return { ...plain, links: [...plain.links, link], engineNat: [] };
  };

  test('masquerades one that is newer than its rules, and keeps addresses where no container has such a rule', () => {
    expect(address(host(cni), '10.22.0.2')).toBe('masquerade');
    expect(address(host(cni), '10.22.0.77')).toBe('masquerade');
    expect(address(host([]), '10.22.0.77')).toBe('keep');
  });

  test('masquerades it as well where the rules are native', () => {
    const ruleset = readFileSync(new URL('../nat/platforms/cni.json', import.meta.url), 'utf8');
    const native: HostFacts = { ...host([]), standingNat: standingNat({ saved: [], ruleset }) };
    expect(address(native, '10.22.0.2')).toBe('masquerade');
    expect(address(native, '10.22.0.77')).toBe('masquerade');
  });

  test('keeps the address of the others where somebody made such a rule for one by hand', () => {
    const byHand = host(['-A POSTROUTING -s 10.22.0.2/32 ! -d 10.0.0.0/8 -j MASQUERADE']);
    expect(address(byHand, '10.22.0.2')).toBe('masquerade');
    expect(address(byHand, '10.22.0.77')).toBe('keep');
  });
});

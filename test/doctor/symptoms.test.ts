import { expect, test } from 'vitest';
import { observeSymptoms } from '../../src/doctor/symptoms.ts';
import { compile } from '../../src/plan/compile.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';

const plan = compile(samplePolicy, sampleFacts);

test('a host that tells nothing has no symptoms, and is no failure', async () => {
  const missing = failed(127, 'not found');
  const system = scriptedSystem({
    commands: {
      'nft -s list ruleset': missing,
      'iptables-save -t raw': missing,
      'tc filter show dev eth0 ingress': missing,
      'tc filter show dev eth0 egress': missing,
      'ethtool -S eth0': missing,
      'nft -j list chains': missing,
      'conntrack -L -o extended': missing,
    },
  });
  expect(await observeSymptoms(system, plan)).toEqual({
    bpf: [],
    notrack: [],
    flowtables: [],
    conntrack: undefined,
    allowance: [],
    timeWaitS: undefined,
    busiest: [],
    ipv6Forwarding: false,
    portChoosers: [],
    chains: [],
  });
});

test('reads what the tools and the kernel tell', async () => {
  const system = scriptedSystem({
    commands: {
      'nft -s list ruleset':
        'table inet f {\n\tflowtable fast {\n\t}\n\tchain raw {\n\t\tudp dport 9 notrack\n\t}\n}\n',
      'iptables-save -t raw': '*raw\n-A OUTPUT -p udp -j CT --notrack\nCOMMIT\n',
      'tc filter show dev eth0 ingress': '',
      'tc filter show dev eth0 egress':
        'filter protocol all pref 1 bpf chain 0 handle 0x1 cil_to_netdev-eth0 direct-action not_in_hw id 712',
      'ethtool -S eth0': 'NIC statistics:\n     conntrack_allowance_exceeded: 42\n',
      'nft -j list chains':
        '{"nftables":[{"chain":{"family":"ip","table":"filter","name":"ufw-before-input","handle":1}}]}',
    },
    files: {
      '/proc/sys/net/netfilter/nf_conntrack_count': '9000\n',
      '/proc/sys/net/netfilter/nf_conntrack_max': '10000\n',
      '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait': '120\n',
      '/proc/sys/net/ipv6/conf/all/forwarding': '1\n',
      '/proc/net/nf_conntrack': '',
      '/proc/77/comm': 'unbound\n',
    },
  });
  expect(await observeSymptoms(system, plan)).toMatchObject({
    bpf: [{ link: 'eth0', programs: [expect.stringContaining('cil_to_netdev')] }],
    notrack: ['udp dport 9 notrack', '-A OUTPUT -p udp -j CT --notrack'],
    flowtables: ['flowtable fast {'],
    conntrack: { count: 9000, max: 10_000 },
    allowance: [{ link: 'eth0', exceeded: 42 }],
    ipv6Forwarding: true,
    portChoosers: ['unbound'],
    chains: ['ip filter', 'ip filter ufw-before-input'],
  });
});

import { expect, test } from 'vitest';
import type { DoctorFacts } from '../../src/doctor/check.ts';
import { CHECKS } from '../../src/doctor/checks/all.ts';
import { examine } from '../../src/doctor/examine.ts';
import type { HostSymptoms } from '../../src/doctor/symptoms.ts';
import { compile } from '../../src/plan/compile.ts';
import type { ContainerNetwork, HostFacts } from '../../src/plan/facts.ts';
import { doctorText } from '../../src/report/doctor.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

const quiet: HostSymptoms = {
  ...{ bpf: [], notrack: [], flowtables: [], conntrack: { count: 1, max: 100 }, allowance: [], timeWaitS: 120 },
  ...{ busiest: [], ipv6Forwarding: false, portChoosers: [], chains: [] },
};
const native = { given: 1, kept: [], folders: [] };
const healthyFence = {
  ...{ enforced: true, drift: [], counts: [], natBeforeOurs: [], unfollowed: [], boundPorts: [], limits: [] },
  ...{ totals: { leaked: 0 }, shortage: { drops: 0, destinations: [] }, rollbackOverdue: false },
};

interface Sick {
  readonly facts?: Partial<HostFacts>;
  readonly policy?: Partial<typeof samplePolicy>;
  readonly fence?: object;
  readonly agent?: object | null;
  readonly symptoms?: Partial<HostSymptoms>;
  readonly survey?: object;
}

function facts(sick: Sick = {}): DoctorFacts {
  const policy = { ...samplePolicy, ...sick.policy };
  const host = { ...sampleFacts, ...sick.facts };
  const plan = compile(policy, host);
  const survey = { plan, policy, facts: host, settings: [], engines: [], backend: { id: 'nftables' }, ...sick.survey };
  const agent = sick.agent === null ? undefined : { state: 'inSync', sources: [], native, ...sick.agent };
  return {
    survey,
    fence: { ...healthyFence, ...sick.fence },
    agent,
    symptoms: { ...quiet, ...sick.symptoms },
  } as unknown as DoctorFacts;
}

const bridge: ContainerNetwork = {
  engine: 'docker',
  name: 'bridge',
  bridge: 'docker0',
  subnets: [],
  routed: [],
  sourceAddress: undefined,
  internal: false,
};
const macvlan: ContainerNetwork = { ...bridge, name: 'lan', bridge: undefined, bypass: 'macvlan' };
const full = {
  protocol: 'tcp',
  source: '10.0.1.10',
  address: '203.0.113.10',
  port: 443,
  inUse: 9_000,
  available: 11_849,
};

const CONDITIONS: Readonly<Record<string, readonly [Sick, 'serious' | 'warning' | 'note']>> = {
  'fence-leaks': [{ fence: { totals: { leaked: 3 } } }, 'serious'],
  'nat-before-fence': [{ fence: { natBeforeOurs: [{ family: 'ip', table: 't', name: 'c', priority: 1 }] } }, 'warning'],
  'unfollowed-rules': [{ fence: { unfollowed: [{ family: 'ipv4', rule: 'x', packets: 2 }] } }, 'serious'],
  'bpf-on-uplink': [{ symptoms: { bpf: [{ link: 'eth0', programs: ['cil'] }] } }, 'warning'],
  'untracked-traffic': [{ symptoms: { notrack: ['udp dport 9 notrack'] } }, 'warning'],
  flowtables: [{ symptoms: { flowtables: ['flowtable f {'] } }, 'note'],
  'bypassing-networks': [{ facts: { networks: [macvlan] }, agent: null }, 'serious'],
  'not-as-planned': [{ fence: { enforced: false, drift: ['x'] } }, 'serious'],
  'rollback-overdue': [{ fence: { rollbackOverdue: true, confirmBefore: 0 } }, 'serious'],
  'agent-missing': [{ agent: null }, 'warning'],
  'agent-failing': [{ agent: { state: 'failing', lastError: { message: 'no nft', since: 0 } } }, 'serious'],
  'agent-sources': [{ agent: { sources: [{ name: 'nft monitor', health: 'down', failures: 3 }] } }, 'warning'],
  'containers-of-their-own': [
    { agent: { native: { ...native, kept: [{ path: '/x', settings: { a: '1' } }] } } },
    'note',
  ],
  'settings-of-others': [{ survey: { settings: [{ drift: 'x is 1' }] } }, 'warning'],
  'range-full': [{ fence: { shortage: { drops: 9, destinations: [full] } } }, 'serious'],
  'range-busy': [{ symptoms: { busiest: [full] as never } }, 'warning'],
  'conntrack-table': [{ symptoms: { conntrack: { count: 90, max: 100 } } }, 'serious'],
  'cloud-allowance': [{ symptoms: { allowance: [{ link: 'eth0', exceeded: 1 }] } }, 'serious'],
  'long-time-outs': [{ symptoms: { timeWaitS: 300 } }, 'note'],
  'servers-in-range': [
    { facts: { boundPorts: [{ protocol: 'tcp', port: 50_051 }] }, policy: { hostRange: 'never' } },
    'warning',
  ],
  'ipv6-unfenced': [{ policy: { families: ['ipv4'] }, symptoms: { ipv6Forwarding: true } }, 'warning'],
  'docker-without-iptables': [
    { facts: { networks: [bridge] }, survey: { engines: [{ engine: 'docker', socket: '/s' }] } },
    'warning',
  ],
  'published-at-random': [{ facts: { networks: [bridge] } }, 'note'],
  'backend-limits': [{ fence: { limits: ['x'] } }, 'note'],
  'silent-engines': [{ survey: { engines: [{ engine: 'docker', socket: '/s', unreachable: 'timeout' }] } }, 'warning'],
  'programs-that-choose-ports': [{ symptoms: { portChoosers: ['unbound'] } }, 'note'],
  'neighbour-firewalld': [{ symptoms: { chains: ['inet firewalld'] } }, 'note'],
  'neighbour-ufw': [{ symptoms: { chains: ['ip filter ufw-before-input'] } }, 'note'],
  'neighbour-calico': [{ symptoms: { chains: ['ip nat cali-POSTROUTING'] } }, 'note'],
  'neighbour-tailscale': [{ symptoms: { chains: ['ip nat ts-postrouting'] } }, 'note'],
};

test('a healthy host has no findings', () => {
  expect(examine(facts())).toEqual([]);
});

test('every check is tried here', () => {
  expect(Object.keys(CONDITIONS)).toEqual(CHECKS.map(({ name }) => name));
});

test.each(Object.entries(CONDITIONS))(
  '%s is found by its condition, with evidence and a remedy',
  (name, [sick, severity]) => {
    const found = examine(facts(sick)).find(({ check }) => check === name);
    expect(found).toMatchObject({ severity });
    expect(found?.summary).toMatch(/^[^.]+$/);
    expect(found?.remedy.length).toBeGreaterThan(20);
  },
);

test('the serious come first, and decide whether the host is well', () => {
  const findings = examine(facts({ fence: { totals: { leaked: 1 } }, agent: null, symptoms: { timeWaitS: 300 } }));
  expect(findings.map(({ severity }) => severity)).toEqual(['serious', 'warning', 'note']);
  expect(doctorText(findings, { colour: false }).json).toMatchObject({ ok: false, counts: { serious: 1 } });
  expect(doctorText([], { colour: false }).text.at(-1)).toMatch(/^\d+ checks: 0 serious/);
});

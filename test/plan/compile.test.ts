import fc from 'fast-check';
import { expect, test } from 'vitest';
import { observeFence } from '../../src/backends/listing.ts';
import { creation, nftTable } from '../../src/backends/nftables/render.ts';
import { script } from '../../src/backends/nftables/script.ts';
import { commentOf } from '../../src/backends/nftables/table.ts';
import { createNamespace } from '../../src/lab/namespace.ts';
import { compile } from '../../src/plan/compile.ts';
import { parseFlow } from '../../src/plan/flow-text.ts';
import { locate } from '../../src/plan/locate.ts';
import type { NamedSet } from '../../src/plan/plan.ts';
import { walk } from '../../src/plan/walk.ts';
import { rangeText } from '../../src/ports.ts';
import { anyFacts, anyPolicy } from '../support/arbitraries.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { needs } from '../support/needs.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

test('no rule maps to a range that is not in the policy, and every range of the policy is mapped to', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const rules = creation(nftTable(compile(policy, facts))).filter((line) => line.startsWith('add rule'));
      const mapped = rules.flatMap((line) => [
        ...line.matchAll(/(?:masquerade|snat(?: ip6?)?) to \S*?:(\d+(?:-\d+)?) /g),
      ]);
      const ranges = policy.ports.map(rangeText);
      expect(mapped.map((match) => match[1]).filter((range) => !ranges.includes(range ?? ''))).toEqual([]);
      expect([...new Set(mapped.map((match) => match[1]))].sort()).toEqual([...ranges].sort());
    }),
  );
});

test('every chain that a rule goes to exists before it, and every set and counter as well', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const table = nftTable(compile(policy, facts));
      const chains = new Set(table.chains.map(({ name }) => name));
      const sets = new Set<string>(table.sets.map(({ name }) => name));
      const counters = new Set(table.counters);
      const texts = table.chains.flatMap(({ rules }) => rules.map(({ text }) => text));
      for (const text of texts) {
        for (const [, name] of text.matchAll(/(?:goto|jump) (\w+)/g)) expect(chains).toContain(name);
        for (const [, name] of text.matchAll(/@(\w+)/g)) expect(sets).toContain(name);
        for (const [, name] of text.matchAll(/counter name "(\w+)"/g)) expect(counters).toContain(name);
      }
    }),
  );
});

test('equal input gives an equal plan', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      expect(compile(structuredClone(policy), structuredClone(facts))).toEqual(compile(policy, facts));
    }),
  );
});

test('uplinks are never an empty set, and loopback is never one of them', () => {
  const plan = (
    uplinks: readonly string[] | 'auto',
    defaultRouteDevices: readonly string[],
    lastUplinks: readonly string[] = [],
  ) => compile({ ...samplePolicy, uplinks }, { ...sampleFacts, defaultRouteDevices, lastUplinks }).uplinks;
  expect(plan('auto', ['eth1', 'eth0'])).toEqual({ mode: 'these', names: ['eth0', 'eth1'] });
  expect(plan('auto', [], ['eth7'])).toEqual({ mode: 'these', names: ['eth7'] });
  expect(plan('auto', [])).toEqual({ mode: 'all-but', names: ['lo'] });
  expect(plan(['ens*', 'ens5', 'l*'], [])).toEqual({ mode: 'these', names: ['ens*'] });
});

test("a bridge that only looks like Docker's is no container network, unless the engine says so", () => {
  const link = (name: string) => ({ name, kind: 'bridge', master: undefined, addresses: [] });
  const facts = { ...sampleFacts, links: [...sampleFacts.links, link('br-data'), link('br-0123456789ab')] };
  const names = (set: NamedSet | undefined) => (set?.holds === 'interfaces' ? set.elements : []);
  const others = (more: Partial<typeof facts>) =>
    names(compile(samplePolicy, { ...facts, ...more }).sets.find(({ name }) => name === 'not_containers'));
  expect(others({})).toEqual(['br-data']);
  const network = { engine: 'docker', name: 'x', bridge: 'br-data', subnets: [], routed: [], internal: false } as const;
  expect(others({ networks: [{ ...network, sourceAddress: undefined }] })).toEqual([]);
});

test('the host gets the span of the ranges, with the gaps reserved besides what was', () => {
  const settings = (ports: typeof samplePolicy.ports, policy: Partial<typeof samplePolicy> = {}, facts = sampleFacts) =>
    compile({ ...samplePolicy, ports, ...policy }, facts).settings.map(
      ({ key, value }) => `${key.split('.')[2]} ${value}`,
    );
  expect(settings(samplePolicy.ports)).toEqual(['ip_local_port_range 49152\t61000']);
  const two = [
    { from: 40_000, to: 41_999 },
    { from: 50_000, to: 50_999 },
  ];
  expect(settings(two, {}, { ...sampleFacts, reservedPorts: [{ from: 30_000, to: 32_767 }] })).toEqual([
    'ip_local_reserved_ports 30000-32767,42000-49999',
    'ip_local_port_range 40000\t50999',
  ]);
  const few = [{ from: 50_000, to: 50_099 }];
  expect(settings(few)).toEqual([]);
  expect(settings(few, { hostRange: 'always' })).toEqual(['ip_local_port_range 50000\t50099']);
  expect(settings(samplePolicy.ports, { hostRange: 'never' })).toEqual([]);
  expect(settings(samplePolicy.ports, { host: 'off' })).toEqual([]);
  expect(
    settings([{ from: 1024, to: 9999 }], { hostRange: 'always' }, { ...sampleFacts, unprivilegedPortStart: 2000 }),
  ).toEqual([]);
  expect(settings([{ from: 1024, to: 65_535 }])).toEqual([]);
  expect(settings([{ from: 30_000, to: 40_000 }])).toEqual(['ip_local_port_range 32768\t40000']);
  expect(settings([{ from: 1024, to: 9999 }])).toEqual([]);
});

test('ports of servers within the range are reserved, and the fence asks for no more than the gaps', () => {
  const facts = {
    ...sampleFacts,
    boundPorts: [
      { protocol: 'tcp', port: 50_051 },
      { protocol: 'tcp', port: 22 },
      { protocol: 'udp', port: 51_820 },
    ] as const,
    publishedHostPorts: [60_000],
  };
  const [reserved] = compile(samplePolicy, facts).settings;
  expect(reserved).toMatchObject({ value: '50051,60000', minimum: '' });
});

test('a port in the ephemeral range that a socket is bound to stays, and is no leak', () => {
  const facts = { ...sampleFacts, boundPorts: [{ protocol: 'udp', port: 41_641 }] as const };
  const plan = compile(samplePolicy, facts);
  const decided = (flow: string) => {
    const packet = locate(parseFlow(flow), facts, plan);
    return packet && walk(plan, packet).fate.step?.id;
  };
  expect(decided('udp 10.0.1.10:41641 > 203.0.113.10:41641')).toBe('host-bound-socket');
  expect(decided('udp 10.0.1.10:41642 > 203.0.113.10:41641')).toBe('host-map');
  expect(decided('tcp 10.0.1.10:41641 > 203.0.113.10:443')).toBe('host-map');
  expect(plan.watch.host.map(({ id }) => id)).toContain('host-bound-socket');
  const all = compile({ ...samplePolicy, host: 'all' }, facts);
  expect(all.origins.host.map(({ id }) => id)).not.toContain('host-bound-socket');
});

needs(
  'root',
  'nft',
  'unshare',
)('a plan in the kernel', () => {
  test('reads back as it was rendered, for random policies', async () => {
    const namespace = await createNamespace();
    const system = await namespacedSystem(namespace);
    await fc.assert(
      fc.asyncProperty(anyPolicy, anyFacts, async (policy, facts) => {
        const table = nftTable(compile(policy, facts));
        await namespace.expect(['nft', '-f', '-'], { input: script(['flush ruleset', ...creation(table)]) });
        const present = await observeFence(system);
        const outline = (
          chains: readonly { name: string; rules: readonly unknown[] }[],
          comment: (rule: never) => unknown,
        ) => Object.fromEntries(chains.map(({ name, rules }) => [name, rules.map((rule) => comment(rule as never))]));
        expect(outline(present?.chains ?? [], ({ comment }: { comment: string }) => comment)).toEqual(
          outline(table.chains, commentOf),
        );
        expect(present?.counters.map(({ name }) => name).sort()).toEqual([...table.counters].sort());
        const elements = Object.fromEntries((present?.sets ?? []).map((set) => [set.name, [...set.elements].sort()]));
        expect(elements).toEqual(Object.fromEntries(table.sets.map((set) => [set.name, elementTexts(set)])));
      }),
      { numRuns: 30 },
    );
    await namespace.close();
    await system.close();
  });
});

function elementTexts(set: NamedSet): readonly string[] {
  const texts = set.elements.map((element) => {
    if (typeof element === 'string') return element;
    const port = `${element.protocol} . ${element.port}`;
    return 'address' in element ? `${element.address} . ${port}` : port;
  });
  return [...texts].sort();
}

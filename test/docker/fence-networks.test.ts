import { afterAll, beforeAll, expect, test } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { IMAGE } from '../../src/lab/image.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const SPREAD = spreadPorts(60, 1024, 65_535);
const OWN_SOURCE = '10.0.1.77';
const NO_MASQUERADE = ['-o', 'com.docker.network.bridge.enable_ip_masquerade=false'];
/** A port that the ACL lets in besides the fence's own, so that a port that stays as it is can be seen from the peer. */
const BOUND = 20_000;

needs(...ENGINE, 'conntrack')('networks of a real engine', () => {
  let fenced: FencedEngine;
  let early: Container;
  let rulesBefore: string;
  const network = (name: string, ...flags: string[]) => fenced.engine.expect(['network', 'create', ...flags, name]);
  /** The engine's own rules, without their counters. */
  const enginesRules = async () =>
    (await fenced.onHost('iptables-save')).replaceAll(/^#.*$/gm, '').replaceAll(/\[\d+:\d+\]/g, '');

  /** The address that the peer sees, which has to be the same for all; every port that it sees has to be allowed. */
  async function fencedAddress(from: Pick<Container, 'run'>, to: string = PEER.ipv4): Promise<string | undefined> {
    const all = await Promise.all(PROTOCOLS.map((protocol) => seenFrom(from, SPREAD, { protocol, to })));
    const results = all.flat();
    expect(results.filter(({ outcome }) => outcome !== 'answered')).toEqual([]);
    expect(results.filter(({ seen }) => !seen || !hasPort(samplePolicy.ports, seen.port))).toEqual([]);
    const addresses = new Set(results.map(({ seen }) => seen?.address));
    expect(addresses.size).toBe(1);
    return [...addresses][0];
  }

  beforeAll(async () => {
    fenced = await fencedEngine({ published: [BOUND] });
    const { host, router } = fenced.testbed;
    await host.expect(['ip', 'addr', 'add', `${OWN_SOURCE}/24`, 'dev', 'eth0']);
    await router.expect(['ip', 'route', 'add', '172.30.0.0/16', 'via', HOST.ipv4]);
    await network('early');
    await network('inside', '--internal');
    await network('routed', '--subnet', '172.30.0.0/16', ...NO_MASQUERADE);
    await network('addressed', '-o', `com.docker.network.host_ipv4=${OWN_SOURCE}`);
    await network('named', '-o', 'com.docker.network.bridge.name=shop0');
    early = await fenced.container('--network', 'early');
    rulesBefore = await enginesRules();
    await fenced.fence();
    await fenced.testbed.acl.reset();
  });
  afterAll(() => fenced?.close());

  test('that were there before the fence are fenced, and their rules are left as they were', async () => {
    expect(await fencedAddress(early)).toBe(HOST.ipv4);
    expect(await fencedAddress(await fenced.container())).toBe(HOST.ipv4);
    expect(await fencedAddress(await fenced.container('--network', 'named'))).toBe(HOST.ipv4);
    expect(await enginesRules()).toBe(rulesBefore);
  });

  test('made later are fenced without another apply', async () => {
    await network('shop_default');
    expect(await fencedAddress(await fenced.container('--network', 'shop_default'))).toBe(HOST.ipv4);
  });

  test('without masquerading keep their addresses', async () => {
    const container = await fenced.container('--network', 'routed');
    expect(await fencedAddress(container)).toBe(container.ipv4);
  });

  test('with an outgoing address of their own keep it', async () => {
    expect(await fencedAddress(await fenced.container('--network', 'addressed'))).toBe(OWN_SOURCE);
  });

  test('leave nothing behind the ACL out of range, and the guard saw nothing leave', async () => {
    const { inRange, outOfRange } = await fenced.testbed.acl.counters();
    expect(inRange).toBeGreaterThan(SPREAD.length * PROTOCOLS.length);
    expect(outOfRange).toBe(0);
    expect((await fenced.status()).totals).toMatchObject({ leaked: 0, untracked: 0 });
  });

  test('that are internal stay so, even for a container that finds the way out', async () => {
    const container = await fenced.container('--network', 'inside', '--cap-add', 'NET_ADMIN');
    const neighbour = await fenced.container('--network', 'inside');
    await neighbour.startEchoServers();
    const gateway = container.ipv4.replace(/\d+$/, '1');
    expect(await container.run(['ip', 'route', 'replace', 'default', 'via', gateway])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    await fenced.testbed.acl.reset();
    for (const protocol of PROTOCOLS) {
      expect(seenText(await seenFrom(container, [40_001], { protocol, timeoutMs: 500 }))).toEqual(['no answer']);
      const within = await seenFrom(container, [40_002], { protocol, to: neighbour.ipv4 });
      expect(seenText(within)).toEqual([`${container.ipv4} 40002`]);
    }
    expect((await fenced.testbed.acl.counters()).cells.flatMap(({ sourcePorts }) => sourcePorts)).toEqual([]);
  });

  test.each(PROTOCOLS)('carry traffic between containers untouched (%s)', async (protocol) => {
    const server = await fenced.container('--network', 'early');
    await server.startEchoServers();
    const results = await seenFrom(early, [1025, 40_003, 65_000], { protocol, to: server.ipv4 });
    expect(seenText(results)).toEqual([1025, 40_003, 65_000].map((port) => `${early.ipv4} ${port}`));
  });

  test('let DNS and ping through as before', async () => {
    const answers = await seenFrom(early, SPREAD, { protocol: 'udp', port: 53 });
    expect(answers.filter(({ outcome }) => outcome !== 'answered')).toEqual([]);
    for (const name of ['early', 'bridge', 'host']) {
      const ping = ['run', '--rm', '--network', name, IMAGE, 'ping', '-c', '1', '-W', '2', PEER.ipv4];
      expect(await fenced.engine.expect(ping)).toContain('1 packets received');
    }
  });

  test('tell what their names do not at the next apply: a bridge of another name, an address that stays', async () => {
    await fenced.testbed.router.expect(['ip', 'route', 'add', '172.31.0.0/16', 'via', HOST.ipv4]);
    await network('named_later', '-o', 'com.docker.network.bridge.name=shop1');
    await network('routed_later', '--subnet', '172.31.0.0/16', ...NO_MASQUERADE);
    const drift = (await fenced.status()).drift.join();
    for (const words of ['chain undecided', 'set routed_ipv4']) expect(drift).toContain(words);
    await fenced.fence();
    expect(await fencedAddress(await fenced.container('--network', 'named_later'))).toBe(HOST.ipv4);
    const container = await fenced.container('--network', 'routed_later');
    expect(await fencedAddress(container)).toBe(container.ipv4);
  });

  test("of the host's own kind count as the host: ports bound on purpose stay", async () => {
    const container = await fenced.container('--network', 'host');
    const [bound, chosen] = await seenFrom(container, [BOUND, 40_004]);
    expect(bound?.seen).toEqual({ address: HOST.ipv4, port: BOUND });
    expect(chosen?.seen && hasPort(samplePolicy.ports, chosen.seen.port)).toBe(true);
  });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { apply } from '../../src/reconcile/apply.ts';
import type { System } from '../../src/system/system.ts';
import type { Check } from '../../src/verify/model.ts';
import { type VerifyOptions, verify } from '../../src/verify/verify.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const BRIDGE = 'br-0123456789ab';
const OWN_ADDRESS = `
table inet own {
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.18.0.0/16 oifname "eth0" snat ip to 10.0.1.77
    ip saddr 172.19.0.0/16 oifname "eth0" masquerade
  }
}
`;

needs(
  ...LAB,
  'conntrack',
  'iptables',
)('verify and addresses', () => {
  let place: FencedTestbed;
  beforeEach(async () => {
    place = await fencedTestbed(OPEN_ACL);
    await place.testbed.host.expect(['ip', 'address', 'add', '10.0.1.77/24', 'dev', 'eth0']);
    await place.testbed.addBridge({
      name: BRIDGE,
      ipv4: '172.18.0.1/16',
      ipv6: 'fd00:172:18::1/64',
      masquerade: false,
    });
  });
  afterEach(() => place?.close());

  const run = async (options: Partial<VerifyOptions> = {}, policy: Partial<Policy> = {}) => {
    const { checks } = await verify(place.system, {
      policy: () => ({ ...samplePolicy, ...policy }),
      connections: 40,
      say: () => {},
      ...options,
    });
    return new Map(checks.map((check) => [check.name, check]));
  };
  const host = (input: string) => place.testbed.host.expect(['nft', '-f', '-'], { input });
  const outcomes = (checks: ReadonlyMap<string, Check>, ...names: readonly string[]) =>
    names.map((name) => checks.get(name)?.outcome);

  test('the address that a network is given by its own rule is expected, seen, and named with the rule', async () => {
    await host(OWN_ADDRESS);
    await place.fence();
    const check = (await run()).get(`container ${BRIDGE} tcp ipv4`);
    expect(check).toMatchObject({
      outcome: 'pass',
      address: { expected: '10.0.1.77', seen: '10.0.1.77', by: expect.stringMatching(/^inet own post: .*snat/) },
    });
  });

  test('a fence that gives another address than the rules do fails by name', async () => {
    await place.fence();
    await host(OWN_ADDRESS);
    const checks = await run();
    expect(outcomes(checks, 'host tcp ipv4', `container ${BRIDGE} tcp ipv4`)).toEqual(['pass', 'fail']);
    expect(checks.get(`container ${BRIDGE} udp ipv4`)).toMatchObject({
      outcome: 'fail',
      inRange: 40,
      reason: expect.stringContaining('instead of 10.0.1.77 (inet own post: '),
      address: { expected: '10.0.1.77' },
      example: { leftAddress: expect.any(String) },
    });
  });

  test('a private source towards a public address does not pass, unless a peer answers it', async () => {
    await place.fence();
    const silent = await run();
    const names = [`container ${BRIDGE} tcp ipv4`, `container ${BRIDGE} udp ipv6`];
    expect(outcomes(silent, 'host tcp ipv4', 'host udp ipv6', ...names)).toEqual([
      'pass',
      'pass',
      'inconclusive',
      'inconclusive',
    ]);
    expect(silent.get(names[0] ?? '')?.reason).toContain('private source address 172.18.');
    await place.testbed.router.expect(['ip', 'route', 'add', '172.18.0.0/16', 'via', HOST.ipv4]);
    const answered = await run({ to: `${PEER.ipv4}:${ECHO_ADDRESS_PORT}` });
    expect(answered.get(names[0] ?? '')).toMatchObject({ outcome: 'pass', attempts: 40, answered: 40 });
  });

  test('a named peer that answers the host has to answer containers as well', async () => {
    await place.fence();
    const checks = await run({ to: `${PEER.ipv4}:${ECHO_ADDRESS_PORT}` }, { protocols: ['tcp'] });
    expect(checks.get('host tcp ipv4')).toMatchObject({ outcome: 'pass', answered: 40 });
    expect(checks.get(`container ${BRIDGE} tcp ipv4`)).toMatchObject({ outcome: 'inconclusive', answered: 0 });
    // Answers to this address lead nowhere.
    await host(OWN_ADDRESS.replace('10.0.1.77', '192.0.2.77'));
    await place.fence();
    const unanswered = await run({ to: `${PEER.ipv4}:${ECHO_ADDRESS_PORT}` }, { protocols: ['tcp'] });
    expect(unanswered.get(`container ${BRIDGE} tcp ipv4`)).toMatchObject({
      outcome: 'fail',
      reason: 'none of 40 got an answer, though the peer answers host tcp ipv4',
    });
  });

  test('guests that rules of others translate are checked as well', async () => {
    await place.testbed.addBridge({ name: 'virbr0', ipv4: '172.19.0.1/16', masquerade: false });
    await host(OWN_ADDRESS);
    await place.fence();
    const checks = await run();
    expect(checks.get('guest virbr0 tcp ipv4')).toMatchObject({
      origin: 'guest',
      network: 'virbr0',
      outcome: 'pass',
      address: { expected: HOST.ipv4, seen: HOST.ipv4 },
    });
    expect(checks.has('guest virbr0 tcp ipv6')).toBe(false);
  });

  test('the copy of the host says the same with and without the fence, and tells where it does not', async () => {
    await host(OWN_ADDRESS);
    await place.testbed.host.expect([
      'iptables',
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-s',
      '172.18.0.0/16',
      '-d',
      '192.0.2.0/31',
      '-j',
      'RETURN',
    ]);
    await place.fence();
    const rules = async () => (await place.testbed.host.expect(['nft', 'list', 'ruleset'])).replaceAll(/\d+/g, '');
    const before = await rules();
    const names = [
      `copy of host tcp ipv4`,
      `copy of container ${BRIDGE} udp ipv4`,
      `copy of container ${BRIDGE} tcp ipv6`,
    ];
    const same = await run({ compare: true });
    expect(names.map((name) => same.get(name)?.reason)).toEqual([undefined, undefined, undefined]);
    expect(outcomes(same, ...names)).toEqual(['pass', 'pass', 'pass']);
    expect(same.get(names[1] ?? '')?.address).toMatchObject({ expected: '10.0.1.77', seen: '10.0.1.77' });
    expect(await rules()).toBe(before);
    await host('flush chain inet own post');
    await host('add rule inet own post ip saddr 172.18.0.0/16 snat ip to 10.0.1.78');
    const other = await run({ compare: true });
    expect(other.get(names[1] ?? '')).toMatchObject({
      outcome: 'fail',
      reason: expect.stringContaining('another source address than without the fence'),
      address: { expected: '10.0.1.78', seen: '10.0.1.77' },
    });
  });

  test('the copy holds a fence made of iptables as well, and the rules of others beside it', async () => {
    const rule = ['-t', 'nat', '-A', 'POSTROUTING', '-s', '172.18.0.0/16', '-o', 'eth0'];
    await place.testbed.host.expect(['iptables', ...rule, '-j', 'SNAT', '--to-source', '10.0.1.77']);
    const policy = () => samplePolicy;
    await apply(place.system, { policy, say: () => {}, backend: 'iptables-nft' });
    const name = `copy of container ${BRIDGE} tcp ipv4`;
    const check = (await run({ compare: true })).get(name);
    expect(check).toMatchObject({
      outcome: 'pass',
      inRange: 24,
      address: { expected: '10.0.1.77', seen: '10.0.1.77' },
    });
  });

  test('a host that can not be copied is a check that can not be decided', async () => {
    await host(OWN_ADDRESS);
    await place.fence();
    const broken: System['run'] = async (argv, options) => {
      const done = await place.system.run(argv, options);
      return argv.join(' ') === 'nft list table inet own' ? { ...done, stdout: 'no rules' } : done;
    };
    const { ok, checks } = await verify(
      { ...place.system, run: broken },
      { policy: () => samplePolicy, connections: 4, compare: true, say: () => {} },
    );
    expect(ok).toBe(false);
    expect(checks.at(-1)).toMatchObject({
      name: 'copy of this host',
      outcome: 'inconclusive',
      reason: expect.stringContaining('can not be copied'),
    });
  });
});

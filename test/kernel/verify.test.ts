import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BridgeSpec } from '../../src/lab/bridges.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Check } from '../../src/verify/model.ts';
import { type VerifyOptions, verify } from '../../src/verify/verify.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const BRIDGE = 'br-0123456789ab';
const NETWORK: BridgeSpec = { name: BRIDGE, ipv4: '172.18.0.1/16', ipv6: 'fd00:172:18::1/64', masquerade: true };
const KINDS = ['tcp ipv4', 'udp ipv4', 'tcp ipv6', 'udp ipv6'];

needs(
  ...LAB,
  'conntrack',
  'iptables',
)('verify', () => {
  let place: FencedTestbed;
  afterEach(() => place?.close());

  const run = (policy: Partial<Policy> = {}, options: Partial<VerifyOptions> = {}) =>
    verify(place.system, {
      policy: () => ({ ...samplePolicy, ...policy }),
      connections: 60,
      say: () => {},
      ...options,
    });
  const named = (checks: readonly Check[]) => Object.fromEntries(checks.map((check) => [check.name, check.outcome]));
  const every = (outcome: Check['outcome'], ...origins: readonly string[]) =>
    Object.fromEntries(origins.flatMap((origin) => KINDS.map((kind) => [`${origin} ${kind}`, outcome])));

  /** Everything of the host that a verification could leave behind, without what passes by itself. */
  const traces = async () => {
    const commands = [
      ['nft', 'list', 'ruleset'],
      ['ip', '-o', 'link'],
      ['ip', '-o', '-4', 'address'],
      ['ip', 'neigh', 'show', 'to', '172.18.0.0/16', 'dev', BRIDGE],
      ['ip', '-4', 'route', 'show', 'table', 'all'],
      ['conntrack', '-L', '-o', 'extended'],
      ['conntrack', '-L', '-f', 'ipv6', '-o', 'extended'],
    ] as const;
    const done = await Promise.all(commands.map((argv) => place.testbed.host.run(argv)));
    const volatile =
      /packets \d+ bytes \d+|(?<=^ipv[46] +\d+ \w+ +\d+) \d+|\b(STALE|REACHABLE|DELAY|PROBE|state \w+)\b|<[A-Z,_-]+>/gm;
    // A bridge of the testbed reports its multicast groups (IGMP, MLD) at a moment of its own choice.
    const passing = /dst=(?:224\.0\.0\.22|ff02::16) /;
    return done.map(({ stdout }) =>
      stdout
        .replaceAll(volatile, '')
        .split('\n')
        .filter((line) => line !== '' && !passing.test(line))
        .sort(),
    );
  };
  const container = async (spec: Partial<BridgeSpec> = {}) => {
    // What others have open must not end by itself while a busy machine takes its time.
    await place.testbed.host.run(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=600']);
    await place.testbed.host.run(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_tcp_timeout_close=600']);
    const bridge = await place.testbed.addBridge({ ...NETWORK, ...spec });
    return bridge.addGuest();
  };

  test('passes under the fence, from host and containers, and leaves nothing behind', async () => {
    place = await fencedTestbed();
    await container();
    await place.fence();
    const before = await traces();
    const verified = await run();
    expect(verified.notes).toEqual([]);
    expect(named(verified.checks)).toEqual(every('pass', 'host', `container ${BRIDGE}`));
    for (const check of verified.checks) expect(check).toMatchObject({ attempts: 60, inRange: 60, outOfRange: 0 });
    expect(verified.ok).toBe(true);
    expect(await traces()).toEqual(before);
  });

  test('fails by name with an example without a fence, and switches no tracking on', async () => {
    place = await fencedTestbed();
    await container({ masquerade: false });
    const before = await traces();
    const verified = await run();
    expect(verified.ok).toBe(false);
    expect(named(verified.checks)).toEqual(every('fail', 'host', `container ${BRIDGE}`));
    for (const { attempts, inRange, outOfRange, example } of verified.checks) {
      expect(attempts).toBe(60);
      expect(inRange + outOfRange).toBe(60);
      expect(outOfRange).toBeGreaterThan(15);
      expect(example?.left).toBe(example?.from);
    }
    expect(await traces()).toEqual(before);
    await seenFrom(place.testbed.host, [50_000]);
    expect(await place.testbed.host.expect(['conntrack', '-L'])).toBe('');
  });

  test("fails for tcp from containers on the origin post's rule once a later network masquerades first", async () => {
    place = await fencedTestbed();
    await container({ masquerade: false });
    const rule = ['-t', 'nat', '-I', 'POSTROUTING'];
    const post = [...rule, ...'-p tcp -m tcp --sport 32768:61000 -j MASQUERADE --to-ports 49152-61000'.split(' ')];
    await place.testbed.host.expect(['iptables', ...post]);
    const outcome = async () => named((await run({ families: ['ipv4'] })).checks);
    expect(await outcome()).toMatchObject({ 'host tcp ipv4': 'pass', [`container ${BRIDGE} udp ipv4`]: 'fail' });
    await place.testbed.host.expect([
      'iptables',
      ...rule,
      '-s',
      '172.18.0.0/16',
      '!',
      '-o',
      BRIDGE,
      '-j',
      'MASQUERADE',
    ]);
    const before = await traces();
    expect(await outcome()).toMatchObject({ [`container ${BRIDGE} tcp ipv4`]: 'fail' });
    expect(await traces()).toEqual(before);
  });

  test('judges a rule of its own for one protocol by protocol', async () => {
    place = await fencedTestbed();
    await place.testbed.host.expect(['nft', '-f', '-'], { input: TCP_ONLY });
    const { checks, ok } = await run({ families: ['ipv4'] });
    expect(checks.map(({ name, outcome }) => `${name.replace(/br-\S+/, 'own')}: ${outcome}`)).toEqual([
      'host tcp ipv4: pass',
      'host udp ipv4: fail',
      'container own tcp ipv4: pass',
      'container own udp ipv4: fail',
    ]);
    expect(ok).toBe(false);
  });

  test('makes a container network of its own where there is none, and removes it', async () => {
    place = await fencedTestbed();
    await place.fence();
    const before = await traces();
    const { checks, ok } = await run();
    expect(checks.map(({ origin, outcome }) => `${origin} ${outcome}`)).toEqual([
      ...Array.from({ length: 4 }, () => 'host pass'),
      ...Array.from({ length: 4 }, () => 'container pass'),
    ]);
    expect(ok).toBe(true);
    expect(await traces()).toEqual(before);
  });

  test('decides nothing where forwarding is refused, and says by what', async () => {
    place = await fencedTestbed();
    await container();
    await place.fence();
    await place.testbed.host.expect(['iptables', '-P', 'FORWARD', 'DROP']);
    const dropped = await run();
    expect(named(dropped.checks)).toMatchObject({
      'host tcp ipv4': 'pass',
      [`container ${BRIDGE} tcp ipv4`]: 'inconclusive',
      [`container ${BRIDGE} udp ipv4`]: 'inconclusive',
      [`container ${BRIDGE} tcp ipv6`]: 'pass',
    });
    expect(dropped.ok).toBe(false);
    const blocked = dropped.checks.find(({ name }) => name === `container ${BRIDGE} tcp ipv4`);
    expect(blocked).toMatchObject({ attempts: 60, inRange: 0, outOfRange: 0 });
    expect(blocked?.reason).toContain('ip filter FORWARD has policy drop');

    await place.testbed.host.expect(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0']);
    const off = await run({ families: ['ipv4'] });
    const reasons = off.checks.flatMap(({ origin, reason }) => (origin === 'container' ? [reason] : []));
    expect(reasons).toEqual(Array.from({ length: 2 }, () => 'net.ipv4.ip_forward is 0, so nothing is forwarded'));
  });

  test('takes a family without a route for a note, and nothing at all for not ok', async () => {
    place = await fencedTestbed();
    await place.fence();
    await place.testbed.host.expect(['ip', '-6', 'route', 'del', 'default']);
    const fourOnly = await run();
    expect(fourOnly.ok).toBe(true);
    expect(new Set(fourOnly.checks.map(({ family }) => family))).toEqual(new Set(['ipv4']));
    expect(fourOnly.notes).toContain('not checked: this host has no IPv6 route, so nothing can leave over it');
    await place.testbed.host.expect(['ip', '-4', 'route', 'del', 'default']);
    expect(await run()).toMatchObject({ ok: false, checks: [] });
  });

  test.each([
    ['that answers', ECHO_ADDRESS_PORT],
    ['that refuses', 9],
  ])('sends to a peer of choice %s, and forgets exactly its own connections', async (_, port) => {
    place = await fencedTestbed(OPEN_ACL);
    await container();
    await place.fence();
    // Ports that verify sends from itself would be the same connections.
    await seenFrom(place.testbed.host, [801, 802], { protocol: 'udp' });
    const before = await traces();
    const verified = await run({ families: ['ipv4'] }, { to: `${PEER.ipv4}:${port}`, connections: 30 });
    expect(verified).toMatchObject({ ok: true, notes: [] });
    expect(await traces()).toEqual(before);
  });

  test('fits into a range of 64 ports', async () => {
    const ports = [{ from: 50_000, to: 50_063 }];
    place = await fencedTestbed();
    await container();
    await place.fence({ ports });
    const verified = await run({ ports }, { connections: 200 });
    expect(verified.checks.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
    expect(verified.ok).toBe(true);
  });

  test('tells what a guard that drops has dropped', async () => {
    place = await fencedTestbed();
    await container();
    await place.fence({ guard: 'drop' });
    await place.testbed.host.expect(['nft', 'flush', 'chain', 'inet', 'portfence', 'confine']);
    const { checks, ok } = await run({ guard: 'drop' });
    expect(ok).toBe(false);
    expect(named(checks)).toMatchObject({ [`container ${BRIDGE} tcp ipv4`]: 'fail', 'host udp ipv6': 'fail' });
    expect(checks[0]?.reason).toContain('the guard dropped');
  });

  test('leaves alone what the policy leaves alone', async () => {
    place = await fencedTestbed();
    await container();
    const policy = { host: 'off', exempt: { destinations: [], sourcePorts: [{ from: 2000, to: 40_000 }] } } as const;
    await place.fence(policy);
    const off = await run(policy);
    expect(named(off.checks)).toEqual(every('pass', `container ${BRIDGE}`));
    expect(off.notes).toContain('not checked: the host itself, which the policy leaves alone');
    const exempt = await run({ exempt: { destinations: ['192.0.2.0/24'], sourcePorts: [] }, families: ['ipv4'] });
    expect(exempt.ok).toBe(false);
    expect(exempt.checks.map(({ outcome, attempts }) => `${outcome} ${attempts}`)).toEqual(
      Array.from({ length: 4 }, () => 'inconclusive 0'),
    );
    expect(exempt.checks[0]?.reason).toContain('exempt destination');
  });
});

needs(...LAB, 'conntrack')('portfence verify', () => {
  let testbed: Testbed;
  let cli: CommandLine;
  const BEFORE = ['verify', '--ports', '49152-61000'];
  const rules = () => testbed.host.expect(['nft', 'list', 'ruleset']);
  const links = async () =>
    (await testbed.host.expect(['ip', '-br', 'link'])).split('\n').map((line) => line.split(' ')[0]);

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    cli = await commandLine(testbed.host);
  });
  afterEach(async () => {
    await testbed?.close();
    await cli?.close();
  });

  test('proves a range without any fence of ours, and says what leaks in words and in JSON', async () => {
    const { code, stdout, stderr } = await cli.run([...BEFORE, '--connections', '40']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^LEAKING: 8 of 8 checks failed/);
    expect(stdout).toMatch(/udp from 10\.0\.1\.10 port (\d+) to 192\.0\.2\.1 port \d+ left with port \1\n/);
    expect(stderr).toContain('host: 40 connections');
    const own = {
      input: TCP_ONLY.replace('meta l4proto tcp', 'meta l4proto { tcp, udp }').replace('ip own', 'inet own'),
    };
    await testbed.host.expect(['nft', '-f', '-'], own);
    const began = Date.now();
    const proved = await cli.json(BEFORE);
    expect(proved.code).toBe(0);
    expect(proved.document).toMatchObject({ ok: true, notes: [] });
    expect(proved.document['checks']).toHaveLength(8);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test('verifies the fence that is applied, and needs a policy', async () => {
    expect((await cli.run(['verify'])).code).toBe(2);
    expect((await cli.run(['apply', '--ports', '49152-61000'])).code).toBe(0);
    const { code, document } = await cli.json(['verify', '--connections', '10']);
    expect(document).toMatchObject({ ok: true });
    expect(code).toBe(0);
  });

  test.each(['0', '10001', 'many'])('refuses %s connections', async (count) => {
    expect((await cli.run([...BEFORE, '--connections', count])).code).toBe(2);
  });

  test('refuses a peer that is none', async () => {
    const { code, stderr } = await cli.run([...BEFORE, '--to', '203.0.113.10']);
    expect(code).toBe(2);
    expect(stderr).toContain('--to 203.0.113.10 is not a host with a port');
  });

  test('leaves nothing behind when it is interrupted', async () => {
    const before = { rules: await rules(), links: await links() };
    const [command, ...args] = testbed.host.enter(cli.argv([...BEFORE, '--connections', '2000']));
    const child = spawn(command, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await vi.waitFor(async () => expect((await links()).some((name) => name?.startsWith('pfv'))).toBe(true), WAITING);
    await vi.waitFor(async () => expect(await rules()).toContain('portfence_probe_'), WAITING);
    child.kill('SIGINT');
    expect(await ended).toEqual([1, null]);
    expect({ rules: await rules(), links: await links() }).toEqual(before);
  });

  test('removes what a killed one has left', async () => {
    const before = { rules: await rules(), links: await links() };
    const [command, ...args] = testbed.host.enter(cli.argv([...BEFORE, '--connections', '2000']));
    const child = spawn(command, args, { stdio: 'ignore' });
    await vi.waitFor(async () => expect((await links()).some((name) => name?.startsWith('pfv'))).toBe(true), WAITING);
    await vi.waitFor(async () => expect(await rules()).toContain('portfence_probe_'), WAITING);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await rules()).toContain('portfence_probe_');
    await cli.run([...BEFORE, '--connections', '1']);
    expect(await rules()).toBe(before.rules);
    // The kernel takes a namespace, and the link into it, away in its own time.
    await vi.waitFor(async () => expect(await links()).toEqual(before.links), WAITING);
  });
});

const WAITING = { timeout: 20_000, interval: 20 };
const TCP_ONLY = `table ip own {
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    oifname eth0 meta l4proto tcp masquerade to :49152-61000
  }
}
`;

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openConnections } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import { observeFlows } from '../../src/observe/conntrack.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { apply } from '../../src/reconcile/apply.ts';
import { msUntil } from '../../src/reconcile/deadline.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { removeAndWait } from '../../src/reconcile/remove-and-wait.ts';
import { confirm, rollBackIfOverdue, rollBackUnlessConfirmed } from '../../src/reconcile/rollback.ts';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { holds, onEachBackend } from '../support/backends.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { movedClock } from '../support/moved-clock.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const RESERVED = '/proc/sys/net/ipv4/ip_local_reserved_ports';

onEachBackend('the life of a fence', [...LAB, 'conntrack'], (flavour) => {
  let testbed: Testbed;
  let system: Awaited<ReturnType<typeof namespacedSystem>>;
  const detached: (readonly string[])[] = [];
  const say = () => {};
  const fence = (policy: Partial<Policy> = {}, confirmSeconds?: number) =>
    apply(system, { policy: () => ({ ...samplePolicy, ...policy }), say, confirmSeconds, backend: flavour.backend });
  const setting = async (path: string) => (await system.readText(path))?.trim();
  const rules = async () => {
    const listed = await testbed.host.expect(['nft', 'list', 'ruleset']);
    if (flavour.backend !== 'iptables-legacy') return listed.replaceAll(/^# Warning: .*\n/gm, '');
    const legacy = await testbed.host.expect(['iptables-legacy-save']);
    const ours = legacy.split('\n').filter((line) => line.includes('PORTFENCE'));
    return listed + (holds('nothing is left in the tables of iptables', flavour) ? legacy : ours.join('\n'));
  };
  const live = async (filter: readonly string[]) =>
    (await observeFlows(system, filter)).filter(({ state }) => state === 'ESTABLISHED').length;
  const container = async () => {
    const bridge = await testbed.addBridge({
      name: 'br-0123456789ab',
      ipv4: '172.18.0.1/16',
      ipv6: 'fd00:172:18::1/64',
      masquerade: true,
    });
    return bridge.addGuest();
  };

  beforeEach(async () => {
    detached.length = 0;
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    const real = await namespacedSystem(testbed.host);
    system = {
      ...real,
      startDetached: async (args) => {
        detached.push(args);
      },
    };
  });
  afterEach(async () => {
    await testbed?.close();
    await system?.close();
  });

  test('removing it leaves no rule, no setting and no file', async () => {
    await fence({
      ports: [
        { from: 40_000, to: 41_999 },
        { from: 50_000, to: 50_999 },
      ],
    });
    expect(await setting(RANGE)).toBe('40000\t50999');
    expect(await setting(RESERVED)).toBe('42000-49999');
    const removed = await remove(system, { now: false, say });
    expect(removed).toEqual({ changed: true, draining: 0, leftAsTheyAre: [] });
    expect(await setting(RANGE)).toBe('32768\t60999');
    expect(await setting(RESERVED)).toBe('');
    expect(await rules()).toBe('');
    const folder = await stateFolder(system);
    expect(await system.list(folder)).toEqual([]);
    expect((await remove(system, { now: false, say })).changed).toBe(false);
  });

  test('what was reserved before stays reserved, and a value that was changed later stays', async () => {
    await system.writeKernel(RESERVED, '45000,50100');
    await fence({
      ports: [
        { from: 40_000, to: 41_999 },
        { from: 50_000, to: 50_999 },
      ],
    });
    expect(await setting(RESERVED)).toBe('42000-49999,50100');
    await fence();
    expect(await setting(RESERVED)).toBe('45000,50100');
    await system.writeKernel(RANGE, '20000 30000');
    const removed = await remove(system, { now: false, say });
    expect(removed.leftAsTheyAre).toHaveLength(1);
    expect(await setting(RANGE)).toBe('20000\t30000');
  });

  test('connections that hang when it comes complete, in containers and on the host', async () => {
    const guest = await container();
    const to = { host: PEER.ipv4, port: ECHO_ADDRESS_PORT };
    const hang = (from: typeof guest | typeof testbed.host, sourcePorts: readonly number[]) =>
      openConnections(from, [{ protocol: 'tcp', to, sourcePorts, timeoutMs: 12_000 }]);
    const waiting = Promise.all([
      hang(guest, [40_001, 40_002, 40_003]),
      hang(
        testbed.host,
        Array.from({ length: 20 }, (_, i) => 41_000 + i),
      ),
    ]);
    await vi.waitFor(async () => expect(await observeFlows(system, ['-u', 'UNREPLIED'])).toHaveLength(23), 5000);
    const applied = await fence();
    expect(applied.hanging).toEqual({ dropped: 23, left: 0 });
    for (const results of await waiting) expect(results.map(({ outcome }) => outcome)).not.toContain('no answer');
  });

  test('mapped connections outlive its removal behind a chain that goes with the last of them', async () => {
    await fence();
    const server = await echoServer(testbed.peer, 7777);
    const held = await holdConnections(testbed.host, {
      host: PEER.ipv6,
      port: 7777,
      protocol: 'tcp',
      sourcePorts: [40_000],
    });
    expect(await held.alive()).toBe(1);
    await remove(system, { now: false, say });
    expect(await rules()).toMatch(/drain: maps nothing|chain PORTFENCE {\s+ct state new /);
    expect(detached).toEqual([['drain', expect.any(String)]]);
    expect(await held.alive()).toBe(1);
    expect((await remove(system, { now: false, say })).draining).toBe(1);
    await held.close();
    await server.close();
    await vi.waitFor(async () => expect(await live(['-p', 'tcp'])).toBe(0), 5000);
    expect((await remove(system, { now: false, say })).draining).toBe(0);
    expect(await rules()).toBe('');
  });

  test('a removal that waits comes back when the last mapped connection has ended, and leaves nothing', async () => {
    await fence();
    const server = await echoServer(testbed.peer, 7777);
    const held = await holdConnections(testbed.host, {
      host: PEER.ipv6,
      port: 7777,
      protocol: 'tcp',
      sourcePorts: [40_000],
    });
    let isBack = false;
    const clock = { sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)) };
    const waiting = removeAndWait({ ...system, ...clock }, { say, meanwhile: async () => {} }).then((removed) => {
      isBack = true;
      return removed;
    });
    const isDraining = async () => (await readState(system, await stateFolder(system))).draining !== undefined;
    await vi.waitFor(async () => expect(await isDraining()).toBe(true), { timeout: 15_000 });
    expect(await held.alive()).toBe(1);
    expect(isBack).toBe(false);
    await held.close();
    await server.close();
    expect(await waiting).toMatchObject({ changed: true, draining: 0 });
    expect(await rules()).toBe('');
  });

  test('an unconfirmed apply goes back to nothing, or to the fence before it', async () => {
    const clock = movedClock(system);
    system = { ...system, ...clock.system };
    await fence({}, 30);
    const token = detached[0]?.[1] ?? '';
    clock.pass(31_000);
    expect(await rollBackUnlessConfirmed(system, token)).toBe('rolled back');
    expect(await rules()).toBe('');
    expect(await setting(RANGE)).toBe('32768\t60999');

    await fence({}, undefined);
    const before = await rules();
    await fence({ ports: [{ from: 40_000, to: 41_999 }], guard: 'drop' }, 30);
    expect(await rules()).not.toBe(before);
    clock.pass(31_000);
    expect(await rollBackUnlessConfirmed(system, detached[1]?.[1] ?? '')).toBe('rolled back');
    expect((await fence()).changed).toBe(false);
    expect(await setting(RANGE)).toBe('49152\t61000');
  });

  test('a confirmed apply stays', async () => {
    const clock = movedClock(system);
    system = { ...system, ...clock.system };
    await fence({}, 30);
    await confirm(system, say);
    clock.pass(31_000);
    expect(await rollBackUnlessConfirmed(system, detached[0]?.[1] ?? '')).toBe('settled');
    expect(await rules()).toMatch(/chain confine|PORTFENCE-host/);
    await expect(confirm(system, say)).rejects.toMatchObject({ code: 'NOTHING_PENDING' });
  });

  test('a deadline that has passed is acted on by what looks next, and not moved by the clock of the host', async () => {
    const clock = movedClock(system);
    system = { ...system, ...clock.system };
    await fence();
    const changed = { ports: [{ from: 40_000, to: 41_999 }] };
    await fence(changed, 30);
    clock.set(3_600_000);
    const state = await readState(system, await stateFolder(system));
    expect(await msUntil(system, state.pending ?? { deadline: 0 })).toBe(30_000);
    expect(await rollBackIfOverdue(system, await stateFolder(system), state)).toBe(state);
    clock.set(-86_400_000);
    clock.pass(31_000);
    await expect(confirm(system, say)).rejects.toMatchObject({
      code: 'NOTHING_PENDING',
      message: 'the deadline has passed: the apply was rolled back',
    });
    expect((await fence()).changed).toBe(false);
    await fence(changed, 30);
    clock.pass(31_000);
    expect((await fence()).changed).toBe(false);
    expect((await readState(system, await stateFolder(system))).pending).toBeUndefined();
  });

  test('a rollback that the lock keeps out is tried again', async () => {
    const clock = movedClock(system);
    system = { ...system, ...clock.system };
    await fence({}, 30);
    clock.pass(31_000);
    let refusals = 2;
    const busy = {
      ...system,
      lock: async (path: string, ms: number) => (refusals-- > 0 ? undefined : system.lock(path, ms)),
      sleep: async () => {},
    };
    expect(await rollBackUnlessConfirmed(busy, detached[0]?.[1] ?? '')).toBe('rolled back');
    expect(refusals).toBeLessThan(0);
  });

  test('an apply fails where a setting reads back as something else', async () => {
    const deaf = { ...system, writeKernel: async () => {} };
    const policy = () => samplePolicy;
    await expect(apply(deaf, { policy, say, backend: flavour.backend })).rejects.toMatchObject({
      code: 'KERNEL_DIFFERS',
      detail: "net.ipv4.ip_local_port_range is '32768 60999' instead of '49152 61000'",
    });
  });

  test('an apply that is killed in the middle leaves a fence that can be read, mended and removed', async () => {
    await fence();
    for (const step of ['before the rules', 'before the settings'] as const) {
      const dying = {
        ...system,
        run: async (argv: readonly [string, ...string[]], options?: { input?: string }) => {
          if (step === 'before the rules' && /nft -f -|restore --noflush/.test(argv.join(' ')))
            throw new Error('killed');
          return system.run(argv, options);
        },
        writeKernel: async (path: string, text: string) => {
          if (step === 'before the settings') throw new Error('killed');
          return system.writeKernel(path, text);
        },
      };
      const policy = () => ({ ...samplePolicy, ports: [{ from: 40_000, to: 42_999 }] });
      await expect(apply(dying, { policy, say })).rejects.toThrow();
      const half = await rules();
      expect(half.includes('40000-42999')).toBe(step === 'before the settings');
      expect(half.includes('49152-61000')).toBe(step === 'before the rules');
      expect((await apply(system, { policy, say })).survey.drift.length).toBeGreaterThan(0);
      expect((await apply(system, { policy, say })).changed).toBe(false);
      await fence();
    }
    await remove(system, { now: true, say });
    expect(await setting(RANGE)).toBe('32768\t60999');
    expect((await readState(system, await stateFolder(system))).wanted).toBeNull();
  });

  test('two applies at the same time take turns', async () => {
    const [a, b] = await Promise.all([fence(), fence({ guard: 'drop' })]);
    expect([a.changed, b.changed]).toEqual([true, true]);
    const settled = await fence({ guard: 'drop' });
    const other = await fence({ guard: 'count' });
    expect([settled.changed, other.changed].filter(Boolean).length).toBeGreaterThanOrEqual(1);
    expect((await fence({ guard: 'count' })).changed).toBe(false);
  });
});

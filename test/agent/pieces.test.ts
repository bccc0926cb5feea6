import { expect, test } from 'vitest';
import { pauseBefore } from '../../src/agent/look-timer.ts';
import { chosenAmong, desiredSysctls } from '../../src/agent/native/desired-sysctls.ts';
import { isContainer } from '../../src/agent/native/namespace-folders.ts';
import { reconcileQueue } from '../../src/agent/reconcile-queue.ts';
import { KERNEL_DEFAULTS, valuesOf } from '../../src/plan/container-sysctls.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

test('a container gets the span of the ranges, the gaps reserved, and the clock of the host', () => {
  const ports = [
    { from: 40_000, to: 40_999 },
    { from: 50_000, to: 50_999 },
  ];
  const values = { range: '40000\t50999', reserved: '41000-49999', timestamps: '2' };
  expect(valuesOf({ ...samplePolicy, ports })).toEqual(values);
  const containers = { ...samplePolicy.containers, timestamps: 'random' as const };
  expect(valuesOf({ ...samplePolicy, containers })?.timestamps).toBe('1');
  expect(valuesOf({ ...samplePolicy, containers: { ...containers, native: false } })).toBeUndefined();
});

test('the kernel’s defaults and values of ours may be replaced, by those of a new policy and back', () => {
  const first = { range: '49152\t61000', reserved: '', timestamps: '2' };
  const second = { range: '40000\t50999', reserved: '41000-49999', timestamps: '1' };
  const replaceable = {
    range: ['32768\t60999', '49152\t61000', '40000\t50999'],
    reserved: ['', '41000-49999'],
    timestamps: ['1', '2'],
  };
  expect(desiredSysctls(second, [first, second])).toEqual({ ...second, replaceable });
  expect(desiredSysctls(KERNEL_DEFAULTS, [first, second])).toEqual({ ...KERNEL_DEFAULTS, replaceable });
});

test('what was chosen replaces nothing but values of ours, also where it is the kernel’s default', () => {
  const values = { range: '49152\t61000', reserved: '', timestamps: '2' };
  const chosen = chosenAmong({ 'net.ipv4.ip_local_port_range': '32768 60999', 'net.core.somaxconn': '7' });
  expect(chosen).toEqual({ range: '32768\t60999' });
  expect(chosenAmong({ 'net.ipv4.tcp_timestamps': '0\u001f1' })).toEqual({});
  expect(desiredSysctls(values, [values], chosen)).toEqual({
    range: '32768\t60999',
    reserved: '',
    timestamps: '2',
    replaceable: { range: ['49152\t61000'], reserved: [''], timestamps: ['1', '2'] },
  });
});

test.each([
  ['engine', '5a8b2c', true],
  ['engine', 'default', false],
  ['engine', 'ingress_sbox', false],
  ['engine', '1-x0h2k5', false],
  ['engine', 'lb_9x8y7z', false],
  ['engine', '', false],
  ['shared', 'netns-0a1b2c3d-1111-2222-3333-0123456789ab', true],
  ['shared', 'cni-0a1b2c3d-1111-2222-3333-0123456789ab', true],
  ['shared', 'vpn', false],
  ['shared', 'qrouter-0a1b2c3d-1111-2222-3333-0123456789ab', false],
] as const)('in a folder of kind %s the name "%s" is a container: %s', (kind, name, expected) => {
  expect(isContainer({ path: '/x', kind }, name)).toBe(expected);
});

test('however many events come, one look runs at a time and one follows the last of them', async () => {
  const system = scriptedSystem();
  let looks = 0;
  let running = 0;
  let most = 0;
  const { ask, idle } = reconcileQueue(system, async () => {
    looks += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    if (looks === 1) for (let i = 0; i < 100; i++) ask();
    running -= 1;
  });
  for (let i = 0; i < 1000; i++) ask();
  await idle();
  expect([looks, most]).toEqual([2, 1]);
  ask();
  await idle();
  expect(looks).toBe(3);
});

test('events that come before the first look is over are answered by one look after it', async () => {
  const order: string[] = [];
  const { ask, first, idle } = reconcileQueue(scriptedSystem(), async () => void order.push('look'));
  await first(async () => {
    for (let i = 0; i < 10; i++) ask();
    await new Promise((resolve) => setImmediate(resolve));
    order.push('first');
  });
  await idle();
  expect(order).toEqual(['first', 'look']);
  const failing = reconcileQueue(scriptedSystem(), async () => {});
  await expect(failing.first(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await failing.idle();
});

test.each([
  [{ state: 'inSync', until: null }, 0, 30_000],
  [{ state: 'failing', until: null }, 1, 1000],
  [{ state: 'failing', until: null }, 4, 8000],
  [{ state: 'failing', until: null }, 400, 30_000],
  [{ state: 'pending', until: 5000 }, 0, 6000],
  [{ state: 'pending', until: 0 }, 0, 1000],
  [{ state: 'pending', until: 500_000 }, 0, 30_000],
] as const)('%j with %i failures is looked at again after %i ms', (status, failures, ms) => {
  expect(pauseBefore(status, { failures, now: 0 })).toBe(ms);
});

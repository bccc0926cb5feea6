import { expect, test } from 'vitest';
import { giftOf, takeBack } from '../../src/agent/native/gift.ts';
import { isContainer } from '../../src/agent/native/owned.ts';
import { lookSoon } from '../../src/agent/soon.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

test('a container gets the span of the ranges, the gaps reserved, and the clock of the host', () => {
  const ports = [
    { from: 40_000, to: 40_999 },
    { from: 50_000, to: 50_999 },
  ];
  const gift = giftOf({ ...samplePolicy, ports }, []);
  expect(gift).toEqual({
    range: '40000\t50999',
    reserved: '41000-49999',
    timestamps: '2',
    replaceable: { ranges: ['32768\t60999'], reserved: [''], timestamps: ['1'] },
  });
  const containers = { ...samplePolicy.containers, timestamps: 'random' as const };
  expect(giftOf({ ...samplePolicy, containers }, [])?.timestamps).toBe('');
  expect(giftOf({ ...samplePolicy, containers: { ...containers, native: false } }, [])).toBeUndefined();
});

test('values of earlier policies of ours may be replaced, and are taken back to the default', () => {
  const first = giftOf(samplePolicy, []);
  const back = takeBack(first ? [first] : []);
  expect(back.range).toBe('32768\t60999');
  expect(back.replaceable.ranges).toEqual(['32768\t60999', '49152\t61000']);
  expect(back.replaceable.timestamps).toEqual(['1', '2']);
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
  const { poke, idle } = lookSoon(system, async () => {
    looks += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    if (looks === 1) for (let i = 0; i < 100; i++) poke();
    running -= 1;
  });
  for (let i = 0; i < 1000; i++) poke();
  await idle();
  expect([looks, most]).toEqual([2, 1]);
  poke();
  await idle();
  expect(looks).toBe(3);
});

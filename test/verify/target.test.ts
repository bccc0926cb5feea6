import { expect, test } from 'vitest';
import type { PortSet } from '../../src/ports.ts';
import { documentationTargets, peerTargets } from '../../src/verify/target.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';

const RANGE: PortSet = [{ from: 49_152, to: 61_000 }];
const SMALL: PortSet = [{ from: 50_000, to: 50_063 }];
const refused = (to: string, commands = {}) =>
  expect(peerTargets(scriptedSystem({ commands }), to, RANGE, 200)).rejects.toMatchObject({ code: 'USAGE' });

test('documentation addresses serve both families, at ports that differ from run to run', () => {
  const { targets, connections } = documentationTargets(RANGE, 200, 0.25);
  expect(connections).toBe(200);
  expect(targets).toEqual([
    { family: 'ipv4', address: '192.0.2.1', ports: [25_000], documentation: true },
    { family: 'ipv6', address: '2001:db8::1', ports: [25_000], documentation: true },
  ]);
});

test('a small range gets more destinations, and in the end fewer connections', () => {
  expect(documentationTargets(SMALL, 200, 0).targets[0]?.ports).toHaveLength(25);
  expect(documentationTargets(SMALL, 10_000, 0)).toMatchObject({ connections: 512 });
});

test.each([
  ['203.0.113.10:443', [{ family: 'ipv4', address: '203.0.113.10', ports: [443], documentation: false }]],
  ['[2001:DB8:0::7]:53', [{ family: 'ipv6', address: '2001:db8::7', ports: [53], documentation: false }]],
])('a peer is written like %s', async (to, targets) => {
  expect((await peerTargets(scriptedSystem(), to, RANGE, 200)).targets).toEqual(targets);
});

test('a name is resolved to an address of each family', async () => {
  const commands = {
    'getent ahosts example.com': '2001:db8::7     STREAM example.com\n203.0.113.10    STREAM\n203.0.113.11    STREAM\n',
  };
  const { targets } = await peerTargets(scriptedSystem({ commands }), 'example.com:443', RANGE, 200);
  expect(targets.map(({ address }) => address)).toEqual(['203.0.113.10', '2001:db8::7']);
});

test('connections to one port of one peer leave room in the range', async () => {
  expect((await peerTargets(scriptedSystem(), '203.0.113.10:443', SMALL, 200)).connections).toBe(32);
});

test('what is no peer is refused', async () => {
  for (const to of ['', 'example.com', '203.0.113.10:0', '203.0.113.10:65536', '2001:db8::7:443', '-x:443', 'a b:1'])
    await refused(to);
  await refused('nowhere:443', { 'getent ahosts nowhere': failed(2, '') });
});

import { expect, test } from 'vitest';
import { policyDigest } from '../../src/policy/digest.ts';
import { parsePolicy } from '../../src/policy/parse.ts';

const digestOf = (text: string): string => policyDigest(parsePolicy({ text, flags: {} }).policy);

test('equal policies have one digest, however they are written', () => {
  const one = digestOf('ports: 49152-61000\nprotocols: [tcp, udp]\nuplinks: [eth0, eth1]\n');
  expect(one).toMatch(/^[0-9a-f]{12}$/);
  expect(
    digestOf('uplinks: [eth1, eth0]\nprotocols: [udp, tcp]\nports: [49152-50000, 50001-61000]\nguard: count\n'),
  ).toBe(one);
});

test('where the agent listens makes no difference, and everything else does', () => {
  const plain = digestOf('ports: 49152-61000\n');
  expect(digestOf('ports: 49152-61000\nlisten: 10.0.1.10:9469\n')).toBe(plain);
  for (const other of [
    'guard: drop',
    'host: all',
    'exempt: { destinations: [10.0.0.0/8] }',
    'containers: { native: false }',
  ])
    expect(digestOf(`ports: 49152-61000\n${other}\n`), other).not.toBe(plain);
  expect(digestOf('ports: 49152-61001\n')).not.toBe(plain);
});

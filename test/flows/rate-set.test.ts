import { expect, test } from 'vitest';
import { rateCommands, rateSet, readServices } from '../../src/flows/rate-set.ts';
import { compile } from '../../src/plan/compile.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';

const plan = compile(samplePolicy, sampleFacts);
const LIST = 'nft -j list table inet portfence_seen';
const element = (packets: number, port: number) => ({
  elem: { val: { concat: ['tcp', '203.0.113.10', port] }, expires: 9, counter: { packets, bytes: 1 } },
});
const answer = JSON.stringify({
  nftables: [{ set: { name: 'services4', elem: [element(3, 80), element(340, 443), 'odd'] } }],
});

test('services are read with their counts, the most first', () => {
  expect(readServices(answer)).toEqual([
    { protocol: 'tcp', address: '203.0.113.10', port: 443, connections: 340 },
    { protocol: 'tcp', address: '203.0.113.10', port: 80, connections: 3 },
  ]);
});

test('what leaves by uplinks alone is counted, and no odd name gets into a rule', () => {
  const rules = rateCommands(plan, ['lo', 'eth0', 'docker0', 'e"th0']).filter((line) => line.startsWith('add rule'));
  expect(rules).toHaveLength(2);
  for (const rule of rules) expect(rule).toContain('oifname { "eth0" }');
});

test('the set is made where it is missing, once, and goes with the agent', async () => {
  let made = false;
  const system = scriptedSystem({
    commands: {
      [LIST]: () => (made ? answer : failed(1, 'No such file or directory')),
      'nft -f -': () => {
        made = true;
        return '';
      },
      'nft delete table inet portfence_seen': '',
    },
  });
  const set = rateSet(system);
  expect(await set.read(plan, ['eth0'])).toMatchObject({ entries: 2, limit: 4096 });
  await set.read(plan, ['eth0']);
  expect(system.calls.run.filter(({ argv }) => argv[1] === '-f')).toHaveLength(1);
  await set.remove();
  expect(system.calls.run.at(-1)?.argv).toContain('delete');
});

test('without nft there are no rates, and no error', async () => {
  expect(await rateSet(scriptedSystem()).read(plan, ['eth0'])).toBeUndefined();
});

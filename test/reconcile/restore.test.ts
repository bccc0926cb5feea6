import { expect, test } from 'vitest';
import { restoreRules } from '../../src/reconcile/restore.ts';
import { samplePolicy } from '../support/samples.ts';
import { failed, type Script, scriptedSystem } from '../support/scripted-system.ts';

const wanted = {
  policy: samplePolicy,
  creation: ['add table inet portfence'],
  settings: [],
  uplinks: [],
  appliedAt: 1,
};
const QUICK = 'nft -f -';
const PIPED = 'sh -c cat | nft -f -';
const restored = async (commands: Script['commands']) => {
  const system = scriptedSystem({
    env: { PORTFENCE_STATE_DIR: '/state' },
    files: { '/state/state.json': JSON.stringify({ version: 1, before: {}, ours: {}, wanted }) },
    ...(commands ? { commands } : {}),
  });
  const done = await restoreRules(system);
  return { done, ran: system.calls.run.map(({ argv, input }) => [argv.join(' '), input]) };
};
const CREATE = 'create table inet portfence\n';

test('rules come back by nft alone, the quick way', async () => {
  expect(await restored({ [QUICK]: '' })).toEqual({ done: true, ran: [[QUICK, CREATE]] });
});

test('an nft that can not open its standard input gets a pipe', async () => {
  const closed = failed(1, 'internal:0:0-0: Error: Could not open file "/dev/stdin": No such device or address');
  expect(await restored({ [QUICK]: closed, [PIPED]: '' })).toEqual({
    done: true,
    ran: [
      [QUICK, CREATE],
      [PIPED, CREATE],
    ],
  });
});

test('what the kernel refuses is not sent twice', async () => {
  const refused = failed(1, '/dev/stdin:1:1-9: Error: Could not process rule: File exists');
  expect(await restored({ [QUICK]: refused })).toEqual({ done: false, ran: [[QUICK, CREATE]] });
});

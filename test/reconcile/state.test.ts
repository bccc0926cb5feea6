import { expect, test } from 'vitest';
import { forgetState, readState, type State, stateFolder, writeState } from '../../src/reconcile/state.ts';
import { failed, scriptedSystem } from '../support/scripted-system.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const LIST = 'nft -j list table inet portfence';
const state: State = {
  version: 1,
  before: { 'net.ipv4.ip_local_port_range': '32768\t60999' },
  ours: { 'net.ipv4.ip_local_port_range': ['49152\t61000'] },
  wanted: null,
};
const noTable = {
  [LIST]: failed(1, 'Error: No such file or directory\n'),
  'nft -j list chains': JSON.stringify({ nftables: [] }),
};

test("each network namespace has a folder of its own; the host's is /run/portfence", async () => {
  const links = { '/proc/1/ns/net': 'net:[1]', '/proc/self/ns/net': 'net:[1]' };
  expect(await stateFolder(scriptedSystem({ links }))).toBe('/run/portfence');
  expect(await stateFolder(scriptedSystem({ links: { ...links, '/proc/self/ns/net': 'net:[77]' } }))).toBe(
    '/run/portfence/net-77',
  );
  expect(await stateFolder(scriptedSystem({ links, env: { PORTFENCE_STATE_DIR: '/x' } }))).toBe('/x');
});

test('what is written is read back', async () => {
  const system = scriptedSystem();
  await writeState(system, '/run/portfence', state);
  expect(await readState(system, '/run/portfence')).toEqual(state);
});

test('what an earlier namespace with the same number left behind is not taken for its own', async () => {
  const read = (present: string) => {
    const files = { '/run/portfence/net-77/state.json': JSON.stringify(state), [RANGE]: `${present}\n` };
    return readState(scriptedSystem({ files, commands: noTable }), '/run/portfence/net-77');
  };
  expect((await read('32768\t60999')).before).toEqual({});
  expect((await read('49152\t61000')).before).toEqual(state.before);
});

test('a removal beside an agent that runs is its own, also where nothing of the fence is left', async () => {
  const removed = { at: 1, agent: '77@4711' };
  const fields = ['S', ...Array.from({ length: 18 }, () => '0'), '4711'].join(' ');
  const read = (files: Record<string, string>) => {
    const text = JSON.stringify({ ...state, before: {}, ours: {}, removed });
    return readState(
      scriptedSystem({ files: { '/run/portfence/net-77/state.json': text, ...files }, commands: noTable }),
      '/run/portfence/net-77',
    );
  };
  expect((await read({ '/proc/77/stat': `77 (node) ${fields}` })).removed).toEqual(removed);
  expect((await read({})).removed).toBeUndefined();
});

test.each(['', '{', '[]', '{"version":2,"before":{}}', 'null'])(
  'a state file that reads %j is refused',
  async (text) => {
    const system = scriptedSystem({ files: { '/run/portfence/state.json': text } });
    await expect(readState(system, '/run/portfence')).rejects.toMatchObject({
      code: 'STATE',
      message: expect.stringContaining('/run/portfence/state.json'),
    });
  },
);

test('forgetting leaves nothing that a killed writer left half written, and touches no file of one that lives', async () => {
  const files = {
    '/run/portfence/state.json': '{}',
    '/run/portfence/fence.nft.2618.33.tmp': 'add ta',
    '/run/portfence/agent.json.77.1.tmp': '{',
    '/proc/77/cmdline': 'node agent',
  };
  const system = scriptedSystem({ files });
  await forgetState(system, '/run/portfence');
  expect([...system.files.keys()].sort()).toEqual(['/proc/77/cmdline', '/run/portfence/agent.json.77.1.tmp']);
});

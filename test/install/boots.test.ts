import { expect, test } from 'vitest';
import { bootNotes } from '../../src/install/boots.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const installed = (state: unknown) =>
  scriptedSystem({ files: { '/etc/portfence/state.json': typeof state === 'string' ? state : JSON.stringify(state) } });

test('says that the next boot begins with another policy', async () => {
  const older = { ...samplePolicy, ports: [{ from: 40_000, to: 41_999 }] };
  expect(await bootNotes(installed({ version: 1, wanted: { policy: older } }), samplePolicy)).toEqual([
    expect.stringMatching(/another policy.*portfence install systemd/),
  ]);
});

test.each([
  ['the same policy', { version: 1, wanted: { policy: samplePolicy } }],
  ['a file that is damaged', '{'],
  ['a file without a policy', { version: 1, wanted: null }],
])('says nothing with %s', async (_, state) => {
  expect(await bootNotes(installed(state), samplePolicy)).toEqual([]);
});

test('says nothing where nothing is installed', async () => {
  expect(await bootNotes(scriptedSystem(), samplePolicy)).toEqual([]);
});

import { expect, test } from 'vitest';
import { remove } from '../../src/reconcile/remove.ts';
import { missing, notStarted, type Script, scriptedSystem } from '../support/scripted-system.ts';

const STATE = '/state/state.json';
const stored = { version: 1, before: {}, ours: {}, wanted: null };
const systemWith = (nft: NonNullable<Script['commands']>[string]) =>
  scriptedSystem({
    env: { PORTFENCE_STATE_DIR: '/state' },
    files: { [STATE]: JSON.stringify(stored) },
    commands: {
      'nft -j list chains': nft,
      'nft -j list table inet portfence': nft,
      'iptables-nft-save -c': missing('iptables-nft-save'),
      'ip6tables-nft-save -c': missing('ip6tables-nft-save'),
      'iptables --version': missing('iptables'),
      'ip6tables --version': missing('ip6tables'),
    },
  });

test.each(['EACCES', 'EAGAIN', 'EMFILE', 'ENOMEM'])(
  'remove forgets nothing where nft is there and can not be started (%s)',
  async (errno) => {
    const system = systemWith(notStarted('nft', errno));
    await expect(remove(system, { now: false, say: () => {} })).rejects.toMatchObject({ code: 'SYSTEM', errno });
    expect(system.files.has(STATE)).toBe(true);
    expect(system.calls.locks).toEqual([expect.objectContaining({ released: true })]);
  },
);

test('remove forgets the state where nft does not exist', async () => {
  const system = systemWith(missing('nft'));
  await remove(system, { now: false, say: () => {} });
  expect(system.files.has(STATE)).toBe(false);
});

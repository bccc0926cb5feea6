import { expect, test } from 'vitest';
import { locked } from '../../src/reconcile/locked.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const LOCK = '/state/lock';
const systemWith = (failures: Readonly<Record<string, string>>) =>
  scriptedSystem({ env: { PORTFENCE_STATE_DIR: '/state' }, folders: ['/state'], failures });
const released = (system: ReturnType<typeof systemWith>) => system.calls.locks.map((lock) => lock.released);

test('the error of the work is the one that is thrown, and the lock is given back', async () => {
  const system = systemWith({ '/state/state.json': 'EIO' });
  const work = async () => {
    throw new Error('of the work');
  };
  await expect(locked(system, () => {}, work)).rejects.toThrow('of the work');
  expect(released(system)).toEqual([true]);
});

test('a folder that can not be tidied is an error, and the lock is given back', async () => {
  const system = systemWith({ '/state/state.json': 'EIO' });
  const work = locked(
    system,
    () => {},
    async () => 'done',
  );
  await expect(work).rejects.toMatchObject({ code: 'SYSTEM', errno: 'EIO', path: '/state/state.json' });
  expect(released(system)).toEqual([true]);
  expect(await system.lock(LOCK, 0)).toBeDefined();
});

test('what one process does comes in turn, and is no other portfence', async () => {
  const system = systemWith({});
  const said: string[] = [];
  const order: string[] = [];
  const work = (name: string) =>
    locked(
      system,
      (line) => said.push(line),
      async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
        if (name === 'one') throw new Error('of the work');
      },
    );
  const both = await Promise.allSettled([work('one'), work('two')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  expect(said).toEqual([]);
});

import { expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

test('asks nothing without root', async () => {
  const system = scriptedSystem({ isRoot: false });
  const options = { policy: () => samplePolicy, connections: 200, say: () => {} };
  await expect(verify(system, options)).rejects.toMatchObject({ code: 'NOT_ROOT' });
  expect(system.calls.run).toEqual([]);
});

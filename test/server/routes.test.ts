import { describe, expect, test } from 'vitest';
import { watchFlows } from '../../src/flows/watch-flows.ts';
import type { AgentStatus } from '../../src/reconcile/agent-status.ts';
import { NO_HISTORY } from '../../src/server/history.ts';
import { openServer } from '../../src/server/open-server.ts';
import { isPlainHost, routes, type Told } from '../../src/server/routes.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const STATUS: AgentStatus = {
  ...{ version: 1, pid: 1, process: null, pidNamespace: null, since: 0, state: 'inSync', stateSince: 0, until: null },
  ...{ lastSuccess: 1000, lastError: null, checkedAt: 1000, drift: [], counters: null, looks: 1, healed: 0 },
  ...{ native: { given: 0, kept: [], folders: [] }, sources: [] },
};

function served(status: AgentStatus | undefined, now = 2000) {
  const told: Told = {
    ...{ version: '1.0.0', now: () => now, status: () => status, policy: () => undefined },
    flows: watchFlows(scriptedSystem(), { sockets: [], onLook: () => {} }),
    history: () => NO_HISTORY,
    addresses: () => undefined,
    acl: { current: async () => undefined },
    cost: () => ({ residentBytes: 1, cpuSeconds: 1 }),
  };
  const handle = routes(told);
  return async (path: string, host = '') => (await handle({ path, query: '', host, accept: '' })).status;
}

describe('health and readiness', () => {
  test('an agent is ready only where it has read the kernel back as planned, and lately', async () => {
    expect(await served(STATUS)('/readyz')).toBe(200);
    expect(await served(STATUS, 100_000)('/readyz')).toBe(503);
    expect(await served({ ...STATUS, lastSuccess: null })('/readyz')).toBe(503);
    expect(await served(undefined)('/readyz')).toBe(503);
    for (const state of ['starting', 'restoring', 'pending', 'removed', 'failing'] as const)
      expect(await served({ ...STATUS, state })('/readyz'), state).toBe(503);
  });

  test('an agent that fails is alive; one that has stopped looking is not', async () => {
    expect(await served({ ...STATUS, state: 'failing' })('/healthz')).toBe(200);
    expect(await served(STATUS, 100_000)('/healthz')).toBe(503);
  });
});

test('a name in the Host header is refused where data of the host would be read', async () => {
  const ask = served(STATUS);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', 'a:b'])
    expect(await ask('/api/status', host), host).toBe(421);
  for (const host of ['', 'localhost:9469', '127.0.0.1:9469', '[::1]:9469', '10.0.1.10'])
    expect(isPlainHost(host), host).toBe(true);
  expect(await ask('/metrics', 'node-1.internal:9469')).toBe(200);
});

test('what is not there is 404, also where it is a property of every object', async () => {
  expect(await served(STATUS)('/nothing')).toBe(404);
  expect(await served(STATUS)('/__proto__')).toBe(404);
  expect(await served(STATUS)('constructor')).toBe(404);
});

test('a server opens its socket with the first status, so that a second agent takes none away', async () => {
  const system = scriptedSystem({ env: { PORTFENCE_STATE_DIR: '/run/portfence' } });
  const server = openServer(system, {
    version: '1',
    sockets: [],
    say: () => {},
    acl: async () => undefined,
    onLook: () => {},
    cost: () => ({ residentBytes: 1, cpuSeconds: 1 }),
  });
  expect([...system.served.keys()]).toEqual([]);
  await server.publish(STATUS);
  expect([...system.served.keys()]).toEqual(['/run/portfence/agent.sock']);
  await server.end();
  expect([...system.served.keys()]).toEqual([]);
});

import { expect, test } from 'vitest';
import { knowSandboxes } from '../../src/agent/native/sandboxes.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const SOCKET = '/run/engine.sock';
const ID = 'a'.repeat(64);

test('a container that its engine could not describe is asked about again', async () => {
  const sockets: Record<string, unknown> = {
    [`${SOCKET} /version`]: {},
    [`${SOCKET} /containers/json`]: [{ Id: ID }],
    [`${SOCKET} /containers/${ID}/json`]: new Error('HTTP 500'),
  };
  const sandboxes = knowSandboxes(scriptedSystem({ sockets }), [SOCKET]);
  await sandboxes.ask();
  expect(sandboxes.at('/run/docker/netns/a1')).toBeUndefined();
  sockets[`${SOCKET} /containers/${ID}/json`] = {
    ...{ Id: ID, Name: '/web', NetworkSettings: { SandboxKey: '/var/run/docker/netns/a1' } },
    HostConfig: { Sysctls: { 'net.ipv4.ip_local_port_range': '32768 60999' } },
  };
  await sandboxes.ask();
  expect(sandboxes.at('/run/docker/netns/a1')).toEqual({ container: 'web', chosen: { range: '32768\t60999' } });
});

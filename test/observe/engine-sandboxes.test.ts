import { expect, test } from 'vitest';
import { readRunning, readSandbox } from '../../src/observe/engine-sandboxes.ts';
import { observeExecRoots } from '../../src/observe/exec-roots.ts';
import { scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const ID = '0123456789abcdef';

test('what runs is known by its id and by its start', () => {
  const ends = (...ids: string[]) => ({ Networks: Object.fromEntries(ids.map((id) => [id, { EndpointID: id }])) });
  expect(readRunning([{ Id: ID, NetworkSettings: ends('e2', 'e1') }])).toEqual([{ id: ID, start: 'e1,e2' }]);
  expect(readRunning([{ Id: '../../x' }, null, 7, { Id: ID }])).toEqual([{ id: ID, start: '' }]);
  const podmans = { Networks: { podman: { EndpointID: '', MacAddress: '02:00:00:00:00:01' } } };
  expect(readRunning([{ Id: ID, NetworkSettings: podmans }])[0]?.start).toBe('02:00:00:00:00:01');
  expect(readRunning(JSON.parse(fixture('docker-containers.json'))).length).toBeGreaterThan(1);
});

test('a container tells its namespace and what was chosen for it, its name scrubbed', () => {
  expect(
    readSandbox({
      Id: ID,
      Name: '/shop\u001b[1m',
      HostConfig: { NetworkMode: 'default', Sysctls: { 'net.ipv4.ip_local_port_range': ' 32768\t60999 ', x: 7 } },
      NetworkSettings: { SandboxKey: '/var/run/docker/netns/5a8b' },
    }),
  ).toEqual({
    container: 'shop?[1m',
    path: '/run/docker/netns/5a8b',
    joins: undefined,
    chosen: { 'net.ipv4.ip_local_port_range': '32768 60999' },
  });
  const Config = { CreateCommand: ['podman', '--sysctl', 'a.b=1  2', '--sysctl=c.d=', '--sysctl', 'e', 7] };
  expect(readSandbox({ Id: ID, Config })?.chosen).toEqual({ 'a.b': '1 2', 'c.d': '' });
  const joining = { Id: ID, HostConfig: { NetworkMode: `container:${ID}` }, NetworkSettings: { SandboxKey: '' } };
  expect(readSandbox(joining)).toEqual({ container: '0123456789ab', path: undefined, joins: ID, chosen: {} });
  expect(readSandbox({ Id: ID, NetworkSettings: { SandboxKey: '/run/a\u001fb' } })?.path).toBeUndefined();
  for (const nonsense of [null, 7, 'x', [], {}]) expect(readSandbox(nonsense)).toBeUndefined();
});

test('an exec-root is told by the command line of dockerd or by its configuration; rootless and nested engines do not count', async () => {
  const engine = (pid: number, line: readonly string[], status = `Uid:\t0\t0\nNSpid:\t${pid}\n`) => ({
    [`/proc/${pid}/comm`]: 'dockerd\n',
    [`/proc/${pid}/status`]: status,
    [`/proc/${pid}/cmdline`]: `${line.join('\0')}\0`,
  });
  const system = scriptedSystem({
    files: {
      '/proc/1/comm': 'systemd\n',
      ...engine(20, ['dockerd', '--exec-root', '/srv/one']),
      ...engine(21, ['dockerd', '--exec-root=/var/run/two', '--config-file', '/etc/three.json']),
      ...engine(22, ['dockerd', '--exec-root', '/nested'], 'Uid:\t0\t0\nNSpid:\t22\t7\n'),
      ...engine(23, ['dockerd', '--exec-root', '/rootless'], 'Uid:\t1000\t1000\nNSpid:\t23\n'),
      ...engine(24, ['dockerd']),
      '/etc/three.json': '{ "exec-root": "/srv/three" }',
      '/etc/docker/daemon.json': 'broken',
    },
  });
  expect(await observeExecRoots(system)).toEqual(['/srv/one', '/run/two', '/srv/three']);
});

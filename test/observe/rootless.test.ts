import { expect, test } from 'vitest';
import { observeRootless } from '../../src/observe/rootless.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

test('rootless engines are found by the sockets in their users’ runtime folders', async () => {
  const files = ['1000/docker.sock', '1000/bus', '1001/podman/podman.sock', 'x/docker.sock', '1002/systemd/private'];
  const system = scriptedSystem({ files: Object.fromEntries(files.map((name) => [`/run/user/${name}`, ''])) });
  expect(await observeRootless(system)).toEqual([
    { engine: 'docker', socket: '/run/user/1000/docker.sock' },
    { engine: 'podman', socket: '/run/user/1001/podman/podman.sock' },
  ]);
  expect(await observeRootless(scriptedSystem())).toEqual([]);
});

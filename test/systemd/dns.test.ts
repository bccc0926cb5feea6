import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE } from '../../src/lab/image.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const FILE = '/etc/docker/daemon.json';
const PORT = 1338;
const BLOCK = '10.20.0.0/16';
const RESOLVER = '10.20.0.2';
/** Just enough metadata for a resolver, inside the host's network namespace. */
const METADATA = `
const mac = '0e:49:61:0f:c3:11', root = '/latest/meta-data/network/interfaces/macs/';
const items = { [root]: mac + '/', [root + mac + '/device-number']: '0', [root + mac + '/vpc-ipv4-cidr-block']: '${BLOCK}' };
require('node:http').createServer((request, answer) => {
  if (request.method === 'PUT') return answer.end('token');
  const text = request.headers['x-aws-ec2-metadata-token'] === 'token' ? items[request.url] : undefined;
  answer.writeHead(text === undefined ? 404 : 200).end(text);
}).listen(${PORT}, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit()).resume();
`;

needs(...SYSTEMD)('the resolver for a real Docker', () => {
  let place: InstalledHost;
  const dns = async (...args: string[]) => {
    const { code, document } = await place.json('dns', '--metadata-endpoint', `http://127.0.0.1:${PORT}`, ...args);
    expect(code).toBe(0);
    return document;
  };
  const asked = () => place.host.expect(['docker', 'run', '--rm', IMAGE, 'cat', '/etc/resolv.conf']);
  const text = () => place.host.expect(['cat', FILE]);

  beforeAll(async () => {
    place = await installedHost();
    await place.host.importImage();
    await place.testbed.host.startChild([process.execPath, '-e', METADATA]);
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('comes with a restart, which is asked for until it was made, and goes again', async () => {
    await place.host.expect(['mkdir', '-p', '/etc/docker']);
    await place.host.expect(['tee', FILE], { input: '{\n  "debug": true\n}\n' });
    await place.restartDocker();
    expect(await asked()).not.toContain(RESOLVER);

    expect(await dns()).toMatchObject({ changed: true, servers: [RESOLVER], restart: 'needed' });
    expect(await dns()).toMatchObject({ changed: false, restart: 'needed' });
    expect(await asked()).not.toContain(RESOLVER);
    await place.systemctl('reset-failed', 'docker.service');
    expect(await dns('--restart')).toMatchObject({ changed: false, restart: 'done' });
    expect(await asked()).toContain(`nameserver ${RESOLVER}`);
    expect(await dns('--restart')).toMatchObject({ restart: 'not needed' });

    await place.systemctl('reset-failed', 'docker.service');
    expect(await dns('--remove', '--restart')).toMatchObject({ changed: true, restart: 'done' });
    expect(await text()).toBe('{\n  "debug": true\n}');
    expect(await asked()).not.toContain(RESOLVER);
    expect(await place.host.expect(['ls', '/etc/docker'])).not.toContain('portfence');
  });

  test('is refused where the unit names resolvers already', async () => {
    const folder = '/etc/systemd/system/docker.service.d';
    await place.host.expect(['mkdir', '-p', folder]);
    const input = '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --dns 192.0.2.53\n';
    await place.host.expect(['tee', `${folder}/dns.conf`], { input });
    await place.systemctl('daemon-reload');
    await place.systemctl('stop', 'docker.service', 'docker.socket');
    const args = ['dns', '--metadata-endpoint', `http://127.0.0.1:${PORT}`];
    const unit = await place.host.portfence(args);
    expect([unit.code, unit.stderr]).toEqual([2, expect.stringContaining('docker.service (ExecStart) is given --dns')]);
    await place.systemctl('reset-failed', 'docker.service');
    await place.systemctl('start', 'docker.service');
    const running = await place.host.portfence(args);
    expect([running.code, running.stderr]).toEqual([
      2,
      expect.stringMatching(/the running dockerd \(process \d+\) is given --dns/),
    ]);
    expect(await text()).toBe('{\n  "debug": true\n}');
  });
});

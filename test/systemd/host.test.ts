import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE } from '../../src/lab/image.ts';
import { type SystemdHost, startSystemdHost } from '../../src/lab/systemd-host.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import { EXECUTABLE } from '../support/command-line.ts';
import { OPEN_ACL } from '../support/fenced-testbed.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

/** Milliseconds; the first test that boots a host may have to build its tree. */
const PATIENCE = 600_000;

needs(...SYSTEMD)('a host of the lab with systemd', () => {
  let testbed: Testbed;
  let host: SystemdHost;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: OPEN_ACL.allowed ?? [] });
    host = await startSystemdHost(testbed, { executable: EXECUTABLE });
  }, PATIENCE);
  afterAll(() => testbed?.close());

  test('runs its own systemd and Docker in the network of the lab', async () => {
    expect(await host.expect(['cat', '/proc/1/comm'])).toBe('systemd');
    expect(await host.expect(['systemctl', 'is-active', 'docker.service'])).toBe('active');
    await host.importImage();
    const download = ['docker', 'run', '--rm', IMAGE, 'download', `http://${PEER.ipv4}/package`] as const;
    expect(await host.expect(download)).toContain('downloaded');
  });

  test("can't change settings of the machine", async () => {
    const { code } = await host.run(['sh', '-c', 'cat /proc/sys/kernel/panic >/proc/sys/kernel/panic']);
    expect(code).not.toBe(0);
  });

  test('keeps its files over a reboot, and nothing else', async () => {
    await host.expect(['touch', '/etc/stays', '/run/goes']);
    await host.powerOff();
    await host.boot();
    expect((await host.run(['ls', '/etc/stays', '/run/goes'])).stdout.trim()).toBe('/etc/stays');
    expect(await host.expect(['docker', 'images', '--quiet'])).not.toBe('');
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVICES } from '../../src/install/paths.ts';
import { agentUnit } from '../../src/install/units.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const UNITS = SERVICES.map((name) => `/etc/systemd/system/${name}`);
/** systemd's own measure, from 0 (confined) to 10. */
const HIGHEST_EXPOSURE = 3;

needs(...SYSTEMD)('install systemd', () => {
  let place: InstalledHost;
  const portfence = (...args: string[]) => place.host.portfence(args);
  beforeAll(async () => {
    place = await installedHost();
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('--dry-run prints every file and leaves no trace', async () => {
    const { code, document } = await place.json('install', 'systemd', ...PORTS, '--dry-run');
    expect(code).toBe(0);
    const files = document['files'] as { path: string; text: string }[];
    expect(files.map(({ path }) => path)).toEqual([
      '/etc/portfence/policy.yaml',
      '/etc/portfence/fence.nft',
      '/etc/portfence/state.json',
      '/etc/portfence/installed.json',
      '/etc/sysctl.d/60-portfence.conf',
      ...UNITS,
    ]);
    expect((await portfence('install', 'systemd', ...PORTS, '--dry-run')).stdout).toContain(files[1]?.text.trim());
    expect(await traces(place)).toEqual([]);
  });

  test('--no-start leaves the kernel as it is until the next boot', async () => {
    expect((await portfence('install', 'systemd', ...PORTS, '--no-start')).code).toBe(0);
    expect((await portfence('status')).code).toBe(1);
    expect(await place.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    expect(await place.faults({ docker: false })).toEqual([]);
    expect((await portfence('uninstall')).code).toBe(0);
    expect(await traces(place)).toEqual([]);
  });

  test('makes an applied fence last, and does nothing the second time', async () => {
    await portfence('apply', ...PORTS);
    const first = await portfence('install', 'systemd');
    expect(first.code, first.stderr).toBe(0);
    const agent = await place.systemctl('show', '--value', '--property', 'MainPID', SERVICES[1]);
    const second = await place.json('install', 'systemd', ...PORTS);
    expect((second.document['files'] as { changed: boolean }[]).filter(({ changed }) => changed)).toEqual([]);
    expect(await place.systemctl('show', '--value', '--property', 'MainPID', SERVICES[1])).toBe(agent);
    const other = await portfence('install', 'systemd', '--ports', '40000-41000');
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('says otherwise')]);
    expect(await place.faults({ docker: false })).toEqual([]);
  });

  test.each(SERVICES)('%s is well formed and confined', async (name) => {
    expect(await place.unitFaults(`/etc/systemd/system/${name}`)).toBe('');
    const listed = await place.host.expect(['systemd-analyze', 'security', '--no-pager', name]);
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(listed)?.[1]);
    expect(exposure, listed).toBeLessThanOrEqual(HIGHEST_EXPOSURE);
  });

  test('an agent that asks the cloud for the ACL is well formed and confined, too', async () => {
    const name = 'portfence-asks.service';
    const unit = agentUnit({ program: ['/usr/bin/env', '/usr/bin/env'], args: [], usesNetwork: true }).join('\n');
    await place.host.expect(['tee', `/run/${name}`], { input: `${unit}\n` });
    expect(await place.unitFaults(`/run/${name}`)).toBe('');
    const listed = await place.host.expect([
      'systemd-analyze',
      'security',
      '--no-pager',
      '--offline=yes',
      `/run/${name}`,
    ]);
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(listed)?.[1]);
    expect(exposure, listed).toBeLessThanOrEqual(HIGHEST_EXPOSURE);
    await place.host.expect(['rm', `/run/${name}`]);
  });

  test('uninstall takes all of it away, and --keep-policy leaves the policy', async () => {
    expect((await portfence('uninstall', '--keep-policy')).stdout).toContain('left /etc/portfence/policy.yaml');
    expect(await traces(place)).toEqual(['/etc/portfence/policy.yaml']);
    await portfence('install', 'systemd');
    expect((await portfence('uninstall')).stdout).toContain('left /etc/portfence/policy.yaml');
    await place.host.expect(['rm', '-r', '/etc/portfence']);
    expect((await portfence('uninstall')).stdout).toBe('nothing was installed\n');
    expect(await traces(place)).toEqual([]);
  });

  test('--root writes an image that boots fenced, for a host of which nothing is known', async () => {
    const root = '/var/tmp/image';
    await place.host.expect(['mkdir', '-p', root]);
    expect((await portfence('install', 'systemd', ...PORTS, '--root', root)).code).toBe(0);
    expect((await portfence('status')).code).toBe(1);
    await place.host.expect(['cp', '-a', `${root}/etc`, '/']);
    const gone = await portfence('uninstall', '--root', root);
    expect([gone.code, await place.host.expect(['find', root, '-not', '-type', 'd'])]).toEqual([0, '']);
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    expect(await place.faults({ docker: false })).toEqual([]);
    await portfence('uninstall');
    expect(await traces(place)).toEqual([]);
  });

  const readOnly = async (folder: string) => {
    await place.host.expect(['mount', '--rbind', folder, folder]);
    await place.host.expect(['mount', '-o', 'remount,bind,ro', folder]);
    expect((await place.host.run(['touch', `${folder}/here`])).stderr).toContain('Read-only file system');
  };

  test('needs nothing below /usr to be writable, for this host or an image', async () => {
    await readOnly('/usr');
    const image = '/var/tmp/image';
    await place.host.expect(['mkdir', '-p', image]);
    const written = await portfence('install', 'systemd', ...PORTS, '--root', image);
    expect(written.code, written.stderr).toBe(0);
    await place.host.expect(['rm', '-r', image]);
    const { code, stderr } = await portfence('install', 'systemd', ...PORTS);
    expect(code, stderr).toBe(0);
    await place.systemctl('restart', ...SERVICES);
    expect(await place.faults({ docker: false })).toEqual([]);
    await portfence('uninstall');
    expect(await traces(place)).toEqual([]);
  });

  test('changes nothing where /etc is read-only, and names what serves there', async () => {
    await readOnly('/etc');
    const { code, stderr } = await portfence('install', 'systemd', ...PORTS);
    expect([code, stderr]).toEqual([3, expect.stringContaining('the folder is read-only')]);
    expect(stderr).toContain('--root DIR');
    expect(await traces(place)).toEqual([]);
  });
});

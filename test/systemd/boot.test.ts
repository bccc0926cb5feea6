import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const AGENT = 'portfence-agent.service';

needs(...SYSTEMD)('an installed fence', () => {
  let place: InstalledHost;
  const monotonic = async (unit: string, property: string): Promise<number> =>
    Number(await place.systemctl('show', '--value', '--property', property, unit));

  beforeAll(async () => {
    place = await installedHost();
    await place.serve();
    const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS]);
    expect(code, stderr).toBe(0);
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('stands at once', async () => {
    expect(await place.faults()).toEqual([]);
  });

  test('stays when Docker restarts, is stopped and starts', async () => {
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
    await place.systemctl('stop', 'docker.service', 'docker.socket');
    expect(await place.systemctl('is-active', AGENT, 'portfence.service')).toBe('active\nactive');
    expect(await place.faults({ docker: false })).toEqual([]);
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
  });

  test.each(['restart', 'reload'])('is back after a %s of nftables.service, without the agent', async (verb) => {
    await place.systemctl('start', 'nftables.service');
    await place.systemctl('start', AGENT);
    expect(await drift()).toEqual([]);
    await place.systemctl('stop', AGENT);
    await place.systemctl(verb, 'nftables.service');
    // Docker's own rules go with everybody's, and come back with its restart.
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
    await place.systemctl('start', AGENT);
  });

  test('is back when nftables.service was stopped and is started again, without the agent', async () => {
    await place.systemctl('stop', AGENT, 'nftables.service');
    expect(await drift()).not.toEqual([]);
    await place.systemctl('start', 'nftables.service');
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
    await place.systemctl('start', AGENT);
  });

  test('stays when its unit is stopped, and when the agent is killed, which comes back', async () => {
    await place.systemctl('stop', 'portfence.service');
    expect(await drift()).toEqual([]);
    await place.systemctl('start', 'portfence.service');
    const before = await place.systemctl('show', '--value', '--property', 'MainPID', AGENT);
    await place.host.expect(['kill', '-KILL', before]);
    expect(await place.faults()).toEqual([]);
    await expect.poll(() => place.systemctl('show', '--value', '--property', 'ActiveState', AGENT)).toBe('active');
    expect(await place.systemctl('show', '--value', '--property', 'MainPID', AGENT)).not.toBe(before);
  });

  test('comes at boot before any container does, and the agent after it', async () => {
    await place.systemctl('enable', 'nftables.service');
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    const fence = await monotonic('portfence.service', 'ActiveEnterTimestampMonotonic');
    expect(fence).toBeGreaterThan(0);
    expect(fence).toBeLessThan(await monotonic('docker.service', 'ExecMainStartTimestampMonotonic'));
    expect(fence).toBeLessThan(await monotonic('containerd.service', 'ExecMainStartTimestampMonotonic'));
    expect(fence).toBeLessThan(await monotonic('network-pre.target', 'ActiveEnterTimestampMonotonic'));
    expect(await place.faults()).toEqual([]);
  });

  test('comes at boot without the agent as well, which knows of containers that came since', async () => {
    await place.systemctl('disable', AGENT);
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    expect((await drift()).filter((line) => !/published/.test(line))).toEqual([]);
    expect((await place.json('verify', '--connections', '20')).code).toBe(0);
    await place.systemctl('enable', '--now', AGENT);
    expect(await place.faults()).toEqual([]);
  });

  test('follows its policy file, and refuses a bad one', async () => {
    const file = '/etc/portfence/policy.yaml';
    const write = (text: string) => place.host.expect(['tee', file], { input: text });
    await write('version: 1\nports: 50000-59999\n');
    await expect.poll(ranges, { timeout: 10_000 }).toEqual(['50000-59999']);
    expect(await place.faults({ docker: true, ports: [{ from: 50_000, to: 59_999 }] })).toEqual([]);
    await write('version: 1\nports: 59999-50000\n');
    await place.systemctl('reload', AGENT);
    const journal = () => place.host.expect(['journalctl', '--boot', '--output', 'cat', '--unit', AGENT]);
    await expect.poll(journal, { timeout: 10_000 }).toContain('59999-50000 runs backwards');
    expect(await ranges()).toEqual(['50000-59999']);
    expect(await place.systemctl('is-active', AGENT)).toBe('active');
    const renews = [expect.stringMatching(/next boot begins with another policy/)];
    expect((await place.json('status')).document['notes']).toEqual(expect.arrayContaining(renews));
  });

  test('goes without a trace, but for the policy that somebody has changed', async () => {
    const { code, document } = await place.json('uninstall');
    expect(code).toBe(0);
    expect(document['policyLeft']).toBe('/etc/portfence/policy.yaml');
    expect(await traces(place)).toEqual(['/etc/portfence/policy.yaml']);
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    expect(await traces(place)).toEqual(['/etc/portfence/policy.yaml']);
  });

  const drift = async () => (await place.json('status')).document['drift'] as string[];
  const ranges = async () => (await place.json('status')).document['ports'];
});

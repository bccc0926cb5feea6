import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVICES } from '../../src/install/paths.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const AGENT = SERVICES[1];

needs(...SYSTEMD)('a host of 2021, whose nft does not take the fence', () => {
  let place: InstalledHost;
  const backend = async () => (await place.json('status')).document['backend'];
  const isFenced = () =>
    Promise.all(
      ['iptables-save', 'ip6tables-save'].map(async (list) =>
        (await place.host.expect([list, '-t', 'nat'])).includes('-A POSTROUTING -m comment --comment "portfence'),
      ),
    );

  beforeAll(async () => {
    place = await installedHost('bullseye');
    await place.serve();
    const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS]);
    expect(code, stderr).toBe(0);
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('is fenced by iptables at once, and its units are well formed', async () => {
    expect(await place.host.expect(['nft', '--version'])).toContain('v0.9.8');
    expect(await backend()).toBe('iptables');
    expect(await place.faults()).toEqual([]);
    for (const name of SERVICES) {
      expect(await place.unitFaults(`/etc/systemd/system/${name}`)).toBe('');
    }
  });

  test('is fenced again at boot by iptables-restore alone, before Docker, and kept by the agent', async () => {
    await place.systemctl('disable', AGENT, 'docker.service', 'docker.socket');
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    expect(await place.systemctl('is-active', SERVICES[0])).toBe('active');
    expect(await place.systemctl('is-active', AGENT).catch(() => 'inactive')).toBe('inactive');
    expect(await isFenced()).toEqual([true, true]);
    expect((await place.json('verify', '--connections', '20')).code).toBe(0);
    await place.systemctl('enable', '--now', 'docker.service', AGENT);
    expect(await place.faults()).toEqual([]);
  });

  test('a restart of nftables.service, which flushes the tables of iptables-nft too, brings it back', async () => {
    await place.systemctl('start', 'nftables.service');
    await place.systemctl('stop', AGENT);
    await place.systemctl('restart', 'nftables.service');
    await expect.poll(isFenced, { timeout: 10_000 }).toEqual([true, true]);
    await place.systemctl('start', AGENT);
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
  });

  test('uninstall takes all of it away', async () => {
    // Open connections would keep a rule that carries them to their end.
    const { code, stderr } = await place.host.portfence(['uninstall', '--now']);
    expect(code, stderr).toBe(0);
    expect(await traces(place)).toEqual([]);
  });
});

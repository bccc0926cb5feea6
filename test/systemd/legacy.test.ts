import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVICES } from '../../src/install/paths.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const [FENCE, AGENT] = SERVICES;
const FAMILIES = ['iptables', 'ip6tables'] as const;

needs(...SYSTEMD)('a host whose iptables is the legacy one', () => {
  let place: InstalledHost;
  const backend = async () => (await place.json('status')).document['backend'];
  /** The first rule of POSTROUTING is our jump, by family. */
  const isFenced = () =>
    Promise.all(
      FAMILIES.map(async (tool) => {
        const rules = await place.host.expect([tool, '-t', 'nat', '-S', 'POSTROUTING']);
        return (
          rules
            .split('\n')
            .find((line) => line.startsWith('-A'))
            ?.includes('-j PORTFENCE') ?? false
        );
      }),
    );
  const monotonic = async (unit: string, property: string): Promise<number> =>
    Number(await place.systemctl('show', '--value', '--property', property, unit));

  beforeAll(async () => {
    place = await installedHost();
    for (const tool of FAMILIES)
      await place.host.expect(['update-alternatives', '--set', tool, `/usr/sbin/${tool}-legacy`]);
    await place.host.powerOff();
    await place.host.boot();
    await place.serve();
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('is fenced by nftables, whose confined agent reads the rules of Docker', async () => {
    const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS]);
    expect(code, stderr).toBe(0);
    expect(await place.faults()).toEqual([]);
    expect((await place.json('status')).document).toMatchObject({
      ...{ backend: 'nftables', enforced: true, agent: { state: 'inSync' } },
    });
    expect(await place.host.portfence(['uninstall', '--now'])).toMatchObject({ code: 0 });
  });

  test('is fenced with it beside the rules of Docker, and its units are well formed', async () => {
    const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS, '--backend', 'iptables']);
    expect(code, stderr).toBe(0);
    expect(await place.host.expect(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain('MASQUERADE');
    expect(await place.host.expect(['iptables-nft-save'])).not.toContain('PORTFENCE');
    expect(await backend()).toBe('iptables');
    expect(await isFenced()).toEqual([true, true]);
    expect(await place.faults()).toEqual([]);
    for (const name of SERVICES) expect(await place.unitFaults(`/etc/systemd/system/${name}`)).toBe('');
  });

  test('is fenced at boot before any container runs, by iptables-legacy-restore alone', async () => {
    await place.systemctl('disable', AGENT);
    await place.host.powerOff();
    expect(await place.host.boot()).toBe('running');
    const fence = await monotonic(FENCE, 'ActiveEnterTimestampMonotonic');
    expect(fence).toBeGreaterThan(0);
    expect(fence).toBeLessThan(await monotonic('docker.service', 'ExecMainStartTimestampMonotonic'));
    for (const tool of FAMILIES) {
      const rules = await place.host.expect([tool, '-t', 'nat', '-S']);
      expect(rules).toMatch(/^-A POSTROUTING .*-j PORTFENCE$/m);
    }
    await place.systemctl('enable', '--now', AGENT);
    expect(await place.faults()).toEqual([]);
    expect(await isFenced()).toEqual([true, true]);
  });

  test('leaves rules that stand as they are when its unit is started again', async () => {
    await place.systemctl('stop', AGENT);
    await place.systemctl('restart', FENCE);
    for (const tool of FAMILIES) {
      const rules = await place.host.expect([tool, '-t', 'nat', '-S', 'POSTROUTING']);
      expect(rules.split('\n').filter((line) => line.endsWith('-j PORTFENCE'))).toHaveLength(1);
    }
    await place.systemctl('start', AGENT);
  });

  test('gives a lock that it makes the label of SELinux where there are any, and leaves one that is there', async () => {
    const restorecon = '/usr/local/sbin/restorecon';
    await place.host.expect(['tee', restorecon], { input: '#!/bin/sh\necho "$@" >>/run/labelled\n' });
    await place.host.expect(['chmod', '755', restorecon]);
    await place.systemctl('stop', AGENT);
    await place.host.expect(['rm', '/run/xtables.lock']);
    await place.systemctl('restart', FENCE);
    await place.systemctl('restart', FENCE);
    expect(await place.host.expect(['cat', '/run/labelled'])).toBe('/run/xtables.lock');
    await place.host.expect(['rm', restorecon]);
    await place.systemctl('start', AGENT);
  });

  test('is fenced again by the agent when everything is flushed', async () => {
    for (const tool of FAMILIES) {
      await place.host.expect([tool, '-t', 'nat', '-F']);
      await place.host.expect([tool, '-t', 'mangle', '-F']);
    }
    expect(await isFenced()).toEqual([false, false]);
    await place.restartDocker();
    expect(await place.faults()).toEqual([]);
    expect(await isFenced()).toEqual([true, true]);
  });

  test('uninstall takes all of it away', async () => {
    // Open connections would keep a rule that carries them to their end.
    const { code, stderr } = await place.host.portfence(['uninstall', '--now']);
    expect(code, stderr).toBe(0);
    expect(await traces(place)).toEqual([]);
  });
});

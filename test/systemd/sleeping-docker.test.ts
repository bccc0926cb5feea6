import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const PATIENCE = { timeout: 45_000, interval: 200 };
const ENGINE = 'engine /var/run/docker.sock';

interface Reported {
  readonly looks: number;
  readonly sources: readonly { readonly name: string; readonly health: string }[];
}

needs(...SYSTEMD)('a Docker that systemd starts for its socket', () => {
  let place: InstalledHost;
  beforeAll(async () => {
    place = await installedHost();
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());
  const isActive = async (unit: string) => (await place.host.run(['systemctl', 'is-active', unit])).stdout.trim();
  const agent = async () => (await place.json('status')).document['agent'] as Reported | null;
  const health = async () => (await agent())?.sources.find(({ name }) => name === ENGINE)?.health;

  test('stays stopped beside the agent, status, plan and apply, and is followed again when it is started', async () => {
    expect((await place.host.portfence(['install', 'systemd', ...PORTS])).code).toBe(0);
    await place.systemctl('start', 'docker.socket', 'docker.service');
    await vi.waitFor(async () => expect(await health()).toBe('up'), PATIENCE);
    await place.systemctl('stop', 'docker.service');
    expect([await isActive('docker.socket'), await isActive('docker.service')]).toEqual(['active', 'inactive']);
    await vi.waitFor(async () => expect(await health()).toBe('asleep'), PATIENCE);
    const looks = (await agent())?.looks ?? 0;
    await place.host.expect(['nft', 'add', 'table', 'inet', 'news']);
    await vi.waitFor(async () => expect((await agent())?.looks).toBeGreaterThan(looks), PATIENCE);
    for (const command of [['status'], ['plan', ...PORTS], ['apply', ...PORTS]]) await place.host.portfence(command);
    expect(await isActive('docker.service')).toBe('inactive');
    const { document } = await place.json('status');
    expect(document).toMatchObject({ enforced: true, engines: [{ engine: 'docker', answers: false }] });
    await place.systemctl('start', 'docker.service');
    await vi.waitFor(async () => expect(await health()).toBe('up'), PATIENCE);
  });
});

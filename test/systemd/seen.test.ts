import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { NODE } from '../../src/lab/systemd-host.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const PATIENCE = { timeout: 50_000, interval: 200 };
/** The tree has no curl. */
const GET = "require('http').get(JSON.parse(process.argv[1]), (answer) => answer.pipe(process.stdout))";
const SOCKET = { socketPath: '/run/portfence/agent.sock' } as const;
const ADDRESS = { host: '127.0.0.1', port: 9469 } as const;
const POLICY = '/etc/portfence/policy.yaml';

needs(...SYSTEMD)('the confined agent under systemd', () => {
  let place: InstalledHost;
  /** What a server of the host answers; nothing where none does. */
  const ask = async (where: typeof SOCKET | typeof ADDRESS, path: string): Promise<string> =>
    (await place.host.run([NODE, '-e', GET, JSON.stringify({ ...where, path })])).stdout.trim();
  const isReady = (where: typeof SOCKET | typeof ADDRESS) =>
    vi.waitFor(async () => expect(await ask(where, '/readyz')).toBe('in sync'), PATIENCE);
  beforeAll(async () => {
    place = await installedHost();
    const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS]);
    expect(code, stderr).toBe(0);
  }, BOOT_PATIENCE);
  afterAll(() => place?.close());

  test('serves on its socket', async () => {
    await isReady(SOCKET);
    expect(await ask(SOCKET, '/metrics')).toContain('portfence_agent_state{state="inSync"} 1');
  });

  test('writes an event with its priority and its fields to the journal', async () => {
    await place.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    await vi.waitFor(async () => {
      const flags = ['--output', 'json', '--no-pager', 'PORTFENCE_EVENT=fence-restored'];
      const [line = '{}'] = (await place.host.run(['journalctl', ...flags])).stdout.trim().split('\n');
      expect(JSON.parse(line)).toMatchObject({
        PRIORITY: '4',
        SYSLOG_IDENTIFIER: 'portfence',
        PORTFENCE_TIMES: '1',
        MESSAGE: expect.stringContaining('the fence was put back'),
      });
    }, PATIENCE);
  });

  test('writes its other lines with their priority, and without its mark', async () => {
    const flags = ['--unit', 'portfence-agent', '--output', 'json', '--no-pager', '--grep', '^mended: |put back|look'];
    const { stdout } = await place.host.run(['journalctl', ...flags]);
    const messages = stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string });
    expect(messages.length).toBeGreaterThan(0);
    for (const { MESSAGE, PRIORITY } of messages) {
      expect(MESSAGE).not.toMatch(/^<\d>/);
      expect(['4', '6']).toContain(PRIORITY);
    }
  });

  test('remembers what happened over a restart', async () => {
    await place.systemctl('restart', 'portfence-agent');
    await isReady(SOCKET);
    expect(JSON.parse(await ask(SOCKET, '/api/history')).events).toContainEqual(
      expect.objectContaining({ event: 'fence-restored' }),
    );
  });

  test('serves on the address of the policy once its unit is installed for it', async () => {
    await place.host.expect(['sh', '-c', `echo 'listen: 127.0.0.1:9469' >> ${POLICY}`]);
    expect(await ask(ADDRESS, '/readyz')).toBe('');
    const { code, stderr } = await place.host.portfence(['install', 'systemd']);
    expect(code, stderr).toBe(0);
    await isReady(ADDRESS);
  });

  test('leaves nothing behind', async () => {
    expect((await place.host.portfence(['uninstall'])).code).toBe(0);
    expect((await place.host.run(['ls', '/run/portfence'])).stdout).toBe('');
    expect(await place.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, mirrorAddress, PEER } from '../../src/lab/topology.ts';
import { type Browser, startBrowser } from '../support/browser.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { measureContrasts } from '../support/contrasts.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { askSocket } from '../support/http-socket.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';

const ACL = `
acl builders-acl
  subnet builders 10.0.1.0/24
  out 100 allow all any 0.0.0.0/0
  in  100 allow tcp 49152-49663 0.0.0.0/0
  in  110 allow udp 49152-49663 0.0.0.0/0
`;
/** The pictures in docs/, made anew with UPDATE_PICTURES=1. */
const SHOWN = ['dashboard', 'dashboard-narrow-dark'];
const PICTURES = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 100 };

needs(
  ...LAB,
  'conntrack',
  'chromium',
)("the agent's page", () => {
  let testbed: Testbed;
  let guest: Guest;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let browser: Browser;
  let way: RunningAgent;
  const start = async () => {
    const policy = join(portfence.folder, 'policy.yaml');
    await writeFile(join(portfence.folder, 'acl.txt'), ACL);
    await writeFile(policy, 'ports: { acl: acl.txt, subnet: builders }\n');
    agent = await startAgent(
      testbed.host,
      portfence,
      ['--policy', policy, '--netns', join(portfence.folder, 'netns')],
      {
        ownMounts: true,
      },
    );
    const socket = join(portfence.folder, 'state/agent.sock');
    await vi.waitFor(async () => expect((await askSocket(socket, '/readyz')).status).toBe(200), PATIENCE);
  };
  const textOf = (id: string) => browser.evaluate<string>(`document.getElementById('${id}')?.textContent ?? ''`);

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: [{ from: 49_152, to: 49_663 }], mirrors: 3 });
    const bridge = await testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    guest = await bridge.addGuest();
    portfence = await commandLine(testbed.host);
    await testbed.host.expect(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=600']);
    await seenFrom(guest, { kernel: 1 });
    await start();
    await seenFrom(guest, { kernel: 9 }, { protocol: 'udp' });
    const other = await bridge.addGuest();
    for (const [count, to] of [
      [200, PEER.ipv4],
      [90, mirrorAddress(0).ipv4],
      [30, mirrorAddress(1).ipv4],
    ] as const)
      await seenFrom(other, { kernel: count }, { protocol: 'udp', to });
    const dashboard = { ...portfence, argv: () => portfence.argv(['dashboard', '--port', '9470']) };
    way = await startAgent(testbed.host, dashboard, [], { ownMounts: false });
    await vi.waitFor(() => expect(way.words()).toContain('http://127.0.0.1:9470/'), PATIENCE);
    browser = await startBrowser(testbed.host);
    await browser.open('http://127.0.0.1:9470/');
  });
  afterAll(async () => {
    await browser?.close();
    await way?.stop();
    await agent?.stop();
    await testbed?.close();
    await portfence?.close();
  });

  test('loads, and shows the state, the layers and the destinations', async () => {
    await vi.waitFor(async () => expect(await textOf('state')).toContain('in sync'), PATIENCE);
    expect(await textOf('layers')).toContain('confine on, guard on');
    await vi.waitFor(async () => expect(await textOf('destinations')).toContain(`udp ${PEER.ipv4}`), PATIENCE);
    expect(await textOf('containers')).toContain('172.17.0.2');
  });

  test('sorts by a head and searches', async () => {
    await browser.evaluate("document.querySelector('#destinations th button').click()");
    expect(await browser.evaluate("document.querySelector('#destinations th').getAttribute('aria-sort')")).toBe(
      'descending',
    );
    const search = (words: string) =>
      browser.evaluate(
        `{const s=document.getElementById('search');s.value='${words}';s.dispatchEvent(new Event('input'))}`,
      );
    await search('no such thing');
    expect(await browser.evaluate("document.querySelectorAll('#destinations tbody tr').length")).toBe(0);
    await search('');
    expect(await textOf('destinations')).toContain(PEER.ipv4);
  });

  test('shows a leak within two seconds', async () => {
    const input =
      'table ip other { chain post { type nat hook postrouting priority 0; ip protocol udp masquerade to :20000-20999; }; }\n';
    await testbed.host.expect(['nft', '-f', '-'], { input });
    await seenFrom(guest, { kernel: 4 }, { protocol: 'udp', timeoutMs: 100 });
    await vi.waitFor(async () => expect(await textOf('leaked')).toMatch(/^4 /), { timeout: 2000, interval: 50 });
    await testbed.host.expect(['nft', 'delete', 'table', 'ip', 'other']);
  });

  test('shows who fills a destination, and where a container connects to', async () => {
    const service = `udp ${PEER.ipv4}:${ECHO_ADDRESS_PORT}`;
    const open = (table: string, name: string) =>
      browser.evaluate(
        `[...document.querySelectorAll('#${table} tbody button')].find((one) => one.textContent === '${name}').click()`,
      );
    const closed = () => browser.evaluate("document.getElementById('detail-close').click()");
    await open('destinations', service);
    expect(await browser.evaluate("document.getElementById('detail').open")).toBe(true);
    expect(await textOf('detail-title')).toBe(`Who fills ${service}`);
    expect(await textOf('detail-rows')).toContain('172.17.0.2');
    await closed();
    await open('containers', '172.17.0.2');
    expect(await textOf('detail-title')).toBe('Where 172.17.0.2 connects to');
    expect(await textOf('detail-rows')).toContain(service);
    await closed();
    expect(await browser.evaluate("document.getElementById('detail').open")).toBe(false);
  });

  test('shows what each origin leaves with, by which rule, and the network ACL with its picture', async () => {
    await vi.waitFor(async () => expect(await textOf('addresses')).toContain('docker0 (172.17.0.2)'), PATIENCE);
    expect(await textOf('addresses')).toMatch(new RegExp(`${HOST.ipv4}.*ip saddr 172.17.0.0/16 .*masquerade`));
    await vi.waitFor(async () => expect(await textOf('acl-text')).toContain('FITS'), PATIENCE);
    const width = "document.getElementById('acl-picture').naturalWidth";
    await vi.waitFor(async () => expect(await browser.evaluate(width)).toBeGreaterThan(100), PATIENCE);
  });

  test('says that the agent is gone, and goes on when it is back', async () => {
    await agent.stop();
    await vi.waitFor(async () => expect(await textOf('link')).toContain('does not answer'), PATIENCE);
    await start();
    await vi.waitFor(async () => expect(await textOf('link')).toBe('live'), PATIENCE);
  });

  test('remembers what happened under the agent before', async () => {
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    const happened = (text: string) => vi.waitFor(async () => expect(await textOf('events')).toContain(text), PATIENCE);
    await happened('new connections left out of range');
    await happened('the fence was put back');
    await agent.stop();
    await start();
    await browser.open('http://127.0.0.1:9470/');
    await happened('new connections left out of range');
    await happened('the fence was put back');
  });

  test('fits a telephone and a screen, in light and in dark', async () => {
    const hasFit = async (width: number) =>
      expect(await browser.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await vi.waitFor(async () => expect(await textOf('destinations')).toContain(PEER.ipv4), PATIENCE);
    await vi.waitFor(async () => expect(await textOf('acl-text')).toContain('FITS'), PATIENCE);
    for (const [name, width, scheme] of [
      ['dashboard', 1280, 'light'],
      ['dashboard-dark', 1280, 'dark'],
      ['dashboard-narrow', 390, 'light'],
      ['dashboard-narrow-dark', 390, 'dark'],
    ] as const) {
      await browser.prefer(scheme);
      await browser.resize(width, 900);
      await hasFit(width);
      const light = await browser.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(light === 'rgb(255, 255, 255)').toBe(scheme === 'light');
      if (process.env['UPDATE_PICTURES'] === '1' && SHOWN.includes(name)) {
        await browser.evaluate("document.getElementById('sources').hidden = true"); // It names folders of the test.
        await writeFile(join(PICTURES, `${name}.png`), await browser.picture());
      }
    }
  });

  test.each(['light', 'dark'] as const)('has the contrasts of WCAG AA in %s, also in its dialog', async (scheme) => {
    await browser.prefer(scheme);
    // So wide that no table scrolls: what is scrolled away can't be measured.
    await browser.resize(2400, 900);
    await browser.evaluate("document.body.style.maxWidth = 'none'");
    await vi.waitFor(async () => expect(await textOf('acl-text')).toContain('FITS'), PATIENCE);
    const page = await measureContrasts(browser);
    await browser.evaluate("document.querySelector('#destinations tbody button').click()");
    const dialog = await measureContrasts(browser);
    await browser.evaluate("document.getElementById('detail-close').click()");
    for (const { measured, tooLow, unknown } of [page, dialog]) {
      expect({ tooLow, unknown }).toEqual({ tooLow: [], unknown: [] });
      expect(measured).toBeGreaterThan(10);
    }
    const paint = (colour: string) => browser.evaluate(`document.body.style.setProperty('--dim', '${colour}')`);
    await paint('#777');
    expect((await measureContrasts(browser)).tooLow.length).toBeGreaterThan(0);
    await paint('');
  });
});

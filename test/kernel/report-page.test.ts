import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { type Browser, startBrowser } from '../support/browser.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { measureContrasts } from '../support/contrasts.ts';
import { type FencedTestbed, fencedTestbed, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

const ACL = fileURLToPath(new URL('../../examples/acl/two-services.txt', import.meta.url));

needs(
  ...LAB,
  'conntrack',
  'chromium',
)('the page of a report', () => {
  test('has the contrasts of WCAG AA in light and in dark', async () => {
    let lab: FencedTestbed | undefined;
    let portfence: CommandLine | undefined;
    let browser: Browser | undefined;
    try {
      lab = await fencedTestbed();
      const bridge = await lab.testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
      await lab.fence();
      await seenFrom(await bridge.addGuest(), { kernel: 3 }, { protocol: 'udp' });
      portfence = await commandLine(lab.testbed.host);
      const output = join(portfence.folder, 'report.html');
      const flags = ['--ports', '49152-61000', '--acl', ACL, '--subnet', 'builders', '--output', output];
      expect((await portfence.run(['report', ...flags])).code).toBe(0);
      const page: Browser = await startBrowser(lab.testbed.host);
      browser = page;
      await page.resize(2400, 900);
      await page.open(`file://${output}`);
      await vi.waitFor(async () => expect(await page.evaluate('document.readyState')).toBe('complete'));
      for (const scheme of ['light', 'dark'] as const) {
        await page.prefer(scheme);
        const { measured, tooLow, unknown } = await measureContrasts(page);
        expect({ scheme, tooLow, unknown }).toEqual({ scheme, tooLow: [], unknown: [] });
        expect(measured).toBeGreaterThan(10);
      }
    } finally {
      await browser?.close();
      await portfence?.close();
      await lab?.close();
    }
  });
});

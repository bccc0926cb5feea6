import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PEER } from '../../src/lab/topology.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, seenFrom } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

const PATIENCE = { timeout: 20_000, interval: 100 };

needs(
  ...LAB,
  'conntrack',
  'tmux',
)('portfence top', () => {
  let lab: FencedTestbed;
  let portfence: CommandLine;
  let folder: string;
  const tmux = (...args: readonly string[]) => run(['tmux', '-S', join(folder, 'tmux'), '-f', '/dev/null', ...args]);
  const screen = async () => (await tmux('capture-pane', '-p', '-t', 'top')).stdout;
  const shows = (text: string) => vi.waitFor(async () => expect(await screen()).toContain(text), PATIENCE);
  const press = (...keys: readonly string[]) => tmux('send-keys', '-t', 'top', ...keys);
  const start = async () => {
    const argv = lab.testbed.host.enter(portfence.argv(['top', '--ports', '49152-61000']));
    await tmux('send-keys', '-t', 'top', '-l', argv.map((word) => `'${word}'`).join(' '));
    await press('Enter');
  };

  beforeAll(async () => {
    lab = await fencedTestbed();
    const bridge = await lab.testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    const guest = await bridge.addGuest();
    await lab.fence();
    await lab.testbed.host.expect(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=600']);
    await seenFrom(guest, { kernel: 7 }, { protocol: 'udp' });
    portfence = await commandLine(lab.testbed.host);
    folder = await mkdtemp(join(tmpdir(), 'portfence-tmux-'));
    await tmux('new-session', '-d', '-s', 'top', '-x', '100', '-y', '30', 'env PS1=prompt: sh');
    await shows('prompt:');
  });
  afterAll(async () => {
    await tmux('kill-server');
    await lab?.close();
    await portfence?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('shows destinations, containers, who fills one, and a filter; leaves the terminal as it was', async () => {
    await start();
    await shows(`udp ${PEER.ipv4}:`);
    await shows('confine on, guard on');
    await press('c');
    await shows('172.17.0.2');
    await press('d');
    await press('Enter');
    await shows('what to do:');
    await press('Escape');
    await shows('full in');
    await press('/');
    await press('-l', 'nothing-like-it');
    await shows('nothing to show');
    await press('Escape');
    await shows(`udp ${PEER.ipv4}:`);
    await press('p');
    await shows('PAUSED');
    await press('?');
    await shows('this help');
    await press('q');
    await shows('prompt:');
    expect(await screen()).not.toContain('this help');
    expect((await tmux('display-message', '-p', '-t', 'top', '#{alternate_on} #{cursor_flag}')).stdout.trim()).toBe(
      '0 1',
    );
  });

  test('fits 80 x 24, follows the size of the window, and ends cleanly by a signal', async () => {
    await tmux('resize-window', '-t', 'top', '-x', '80', '-y', '24');
    await start();
    await shows('q quit');
    await tmux('resize-window', '-t', 'top', '-x', '120', '-y', '40');
    await vi.waitFor(async () => expect((await screen()).split('\n')[39]).toContain('q quit'), PATIENCE);
    await press('C-c');
    await vi.waitFor(
      async () =>
        expect((await tmux('display-message', '-p', '-t', 'top', '#{alternate_on} #{cursor_flag}')).stdout.trim()).toBe(
          '0 1',
        ),
      PATIENCE,
    );
  });
});

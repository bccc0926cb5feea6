import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };

needs(...ENGINE, 'conntrack')('iptables beside a real engine', () => {
  let place: FencedEngine;
  let cli: CommandLine;
  beforeAll(async () => {
    place = await fencedEngine();
    cli = await commandLine(place.testbed.host);
  });
  afterAll(async () => {
    await place?.close();
    await cli?.close();
  });

  const portfence = async (...args: string[]) => {
    const [command, ...rest] = place.engine.enter(cli.argv([...args, '--json']));
    const { code, stdout, stderr } = await place.system.run([command, ...rest]);
    expect(stdout, stderr).not.toBe('');
    return { code, document: JSON.parse(stdout) };
  };
  const asked = () => ['--docker-host', place.engine.address];
  const rules = async () => (await place.onHost('iptables-save')).match(/^-A.*$/gm);
  const first = async () => (await place.onHost('iptables', '-t', 'nat', '-S', 'POSTROUTING')).split('\n')[1];
  const verified = async () => {
    const { document } = await portfence('verify', '--connections', '40', ...asked());
    return document.checks.filter(({ outcome }: { outcome: string }) => outcome !== 'pass');
  };

  test('is overtaken by a new network, says so, and goes first again', async () => {
    const before = await rules();
    await portfence('apply', '--ports', '49152-61000', '--backend', 'iptables', ...asked());
    expect(await verified()).toEqual([]);
    await place.engine.expect(['network', 'create', 'shop_default']);
    const { code, document } = await portfence('status', ...asked());
    expect(code).toBe(1);
    expect(document).toMatchObject({ enforced: false, backend: 'iptables' });
    expect(document.drift.join('\n')).toMatch(/MASQUERADE' stands above the fence/);
    await portfence('apply', '--ports', '49152-61000', ...asked());
    expect(await verified()).toEqual([]);
    expect((await portfence('status', ...asked())).document).toMatchObject({ enforced: true, drift: [] });
    await place.engine.expect(['network', 'rm', 'shop_default']);
    await portfence('remove');
    expect(await rules()).toEqual(before);
  });

  test('is put first again by the agent when a network is made', async () => {
    const folders = ['--netns', join(cli.folder, 'netns')];
    const policy = ['--ports', '49152-61000', '--backend', 'iptables'];
    const inside = { enter: place.engine.enter };
    const agent = await startAgent(inside, cli, [...policy, ...folders, ...asked()], { ownMounts: false });
    await vi.waitFor(async () => expect(await first()).toContain('PORTFENCE'), PATIENCE);
    await place.engine.expect(['network', 'create', 'shop_default']);
    await vi.waitFor(async () => expect(agent.words()).toMatch(/first again|mended/), PATIENCE);
    await vi.waitFor(async () => expect(await first()).toContain('PORTFENCE'), PATIENCE);
    expect(await verified()).toEqual([]);
    await agent.stop();
  });
});

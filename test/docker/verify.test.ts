import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { ENGINE, needs } from '../support/needs.ts';

interface Document {
  readonly ok: boolean;
  readonly notes: readonly string[];
  readonly checks: readonly { name: string; outcome: string; via?: string; example?: { from: number; left: number } }[];
}

needs(...ENGINE, 'conntrack')('verify beside a real engine', () => {
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
    const asked = ['--docker-host', place.engine.address, '--json'];
    const [command, ...rest] = place.engine.enter(cli.argv([...args, ...asked]));
    const { code, stdout, stderr } = await place.system.run([command, ...rest]);
    expect(stdout, stderr).not.toBe('');
    return { code, document: JSON.parse(stdout) as Document };
  };

  test('fails from a real container without the fence, and passes with it', async () => {
    const before = await place.onHost('iptables-save');
    const leaking = await portfence('verify', '--ports', '49152-61000', '--connections', '40');
    expect(leaking.code).toBe(1);
    const real = leaking.document.checks.filter(({ via }) => via === 'docker');
    expect(real.map(({ name, outcome }) => `${name}: ${outcome}`)).toEqual([
      'docker container tcp ipv4: fail',
      'docker container udp ipv4: fail',
    ]);
    await portfence('apply', '--ports', '49152-61000');
    await place.engine.expect(['network', 'create', 'shop_default']);
    const { document } = await portfence('verify', '--connections', '40');
    expect(document.checks.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
    expect(document.ok).toBe(true);
    expect(document.checks.filter(({ via }) => via === 'docker')).toHaveLength(2);
    await place.engine.expect(['network', 'rm', 'shop_default']);
    expect(await place.engine.expect(['ps', '--all', '--quiet'])).toBe('');
    expect((await place.onHost('iptables-save')).match(/^-A/gm)).toEqual(before.match(/^-A/gm));
  });
});

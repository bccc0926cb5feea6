import { afterEach, beforeEach, expect, test } from 'vitest';
import { stillTrue } from '../../src/agent/still-true.ts';
import type { Survey } from '../../src/survey/survey.ts';
import { type FencedWorld, fencedWorld } from '../support/fenced-world.ts';
import { LAB, needs } from '../support/needs.ts';

needs(...LAB, 'conntrack')('a brief look', () => {
  let fenced: FencedWorld;
  let found: Survey;
  beforeEach(async () => {
    fenced = await fencedWorld();
    found = (await fenced.fence()).survey;
  });
  afterEach(() => fenced.close());

  test.each([
    ['nft', 'add', 'table', 'inet', 'somebody'],
    ['sysctl', '-q', '-w', 'net.ipv4.tcp_timestamps=0'],
  ] as const)('finds everything as it was after %s %s %s', async (...argv) => {
    expect(await stillTrue(fenced.system, found)).toBe(true);
    await fenced.world.host.expect(argv);
    expect(await stillTrue(fenced.system, found)).toBe(true);
  });

  test.each([
    ['nft', 'flush', 'ruleset'],
    ['nft', 'flush', 'chain', 'inet', 'portfence', 'confine'],
    ['nft', 'add', 'rule', 'inet', 'portfence', 'confine', 'accept'],
    ['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999'],
  ] as const)('finds that something is not as it was after %s %s %s', async (...argv) => {
    await fenced.world.host.expect(argv);
    expect(await stillTrue(fenced.system, found)).toBe(false);
  });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { readUnchanged } from '../../src/agent/unchanged.ts';
import type { Survey } from '../../src/reconcile/survey.ts';
import { type FencedTestbed, fencedTestbed } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';

needs(...LAB, 'conntrack')('a brief look', () => {
  let fenced: FencedTestbed;
  let found: Survey;
  beforeEach(async () => {
    fenced = await fencedTestbed();
    found = (await fenced.fence()).survey;
  });
  afterEach(() => fenced.close());

  test.each([
    ['nft', 'add', 'table', 'inet', 'somebody'],
    ['sysctl', '-q', '-w', 'net.ipv4.tcp_timestamps=0'],
  ] as const)('finds everything as it was after %s %s %s', async (...argv) => {
    expect(await readUnchanged(fenced.system, found)).toBeDefined();
    await fenced.testbed.host.expect(argv);
    expect(await readUnchanged(fenced.system, found)).toBeDefined();
  });

  test.each([
    ['nft', 'flush', 'ruleset'],
    ['nft', 'flush', 'chain', 'inet', 'portfence', 'confine'],
    ['nft', 'add', 'rule', 'inet', 'portfence', 'confine', 'accept'],
    ['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999'],
  ] as const)('finds that something is not as it was after %s %s %s', async (...argv) => {
    await fenced.testbed.host.expect(argv);
    expect(await readUnchanged(fenced.system, found)).toBeUndefined();
  });
});

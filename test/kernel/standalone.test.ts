import { afterEach, beforeEach, expect, test } from 'vitest';
import { creation, nftTable } from '../../src/backends/nftables/render.ts';
import { standalone } from '../../src/backends/nftables/standalone.ts';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { compile } from '../../src/plan/compile.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { portSet } from '../../src/ports.ts';
import { LAB, needs } from '../support/needs.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

const POLICIES: readonly Partial<Policy>[] = [
  {},
  { ports: portSet({ from: 40_000, to: 40_999 }, { from: 50_000, to: 51_999 }), guard: 'off' },
  { exempt: { destinations: ['10.0.0.0/8', 'fd00::/8'], sourcePorts: [] }, host: 'off', guard: 'drop' },
];
const commands = (policy: Partial<Policy>) => creation(nftTable(compile({ ...samplePolicy, ...policy }, sampleFacts)));

needs(...LAB)('the table as a text for nft alone', () => {
  let namespace: Namespace;
  const load = (lines: readonly string[]) => namespace.expect(['nft', '-f', '-'], { input: `${lines.join('\n')}\n` });
  const listing = () => namespace.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
  beforeEach(async () => {
    namespace = await createNamespace();
  });
  afterEach(() => namespace?.close());

  test.each(POLICIES)('makes the same of nothing, of itself and of a drain (%#)', async (policy) => {
    await load(commands(policy));
    const wanted = await listing();
    await namespace.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    const again = standalone(commands(policy));
    await load(again);
    expect(await listing()).toBe(wanted);
    await load(again);
    expect(await listing()).toBe(wanted);
    await load([
      'delete table inet portfence',
      'add table inet portfence',
      'add chain inet portfence drain { type nat hook postrouting priority 50; policy accept; }',
    ]);
    await load(again);
    expect(await listing()).toBe(wanted);
  });

  test('takes what an element list lost, and goes on counting', async () => {
    const policy = { exempt: { destinations: ['192.0.2.0/24'], sourcePorts: [] } };
    await load(commands(policy));
    const counted = 'counter inet portfence untracked';
    await load([
      ...['guard', 'guard_leaving'].map((name) => `delete chain inet portfence ${name}`),
      `delete ${counted}`,
      `add ${counted} { packets 7 bytes 700 }`,
    ]);
    await load(['add element inet portfence exempt_ipv4 { 198.51.100.0/24 }']);
    await load(standalone(commands(policy)));
    expect(await namespace.expect(['nft', 'list', 'counter', 'inet', 'portfence', 'untracked'])).toContain('packets 7');
    expect(await listing()).not.toContain('198.51.100');
  });
});

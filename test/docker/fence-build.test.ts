import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILDERS, build, type Downloads, MIRRORS, runDownloads } from '../support/builds.ts';
import { type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { ENGINE, needs } from '../support/needs.ts';

const POST_RULE = '-p tcp -m tcp --sport 32768:61000 -j MASQUERADE --to-ports 49152-61000'.split(' ');

/** At least one download hung, and nothing else went wrong. */
function expectHanging({ ok, arrived, hung, words }: Downloads): void {
  expect(ok).toBe(false);
  expect(hung, words).toBeGreaterThan(0);
  expect(arrived + hung, words).toBe(MIRRORS);
}

function expectComplete({ ok, arrived, words }: Downloads): void {
  expect(arrived, words).toBe(MIRRORS);
  expect(ok, words).toBe(true);
}

const everyBuild = ({ engine }: FencedEngine) => Promise.all(BUILDERS.map((builder) => build(engine, builder)));

needs(...ENGINE, 'conntrack')('docker build behind a stateless ACL', () => {
  let fenced: FencedEngine;
  beforeAll(async () => {
    fenced = await fencedEngine({ mirrors: MIRRORS });
  });
  afterAll(() => fenced?.close());

  test('hangs without a fence, with the classic builder and with BuildKit', async () => {
    for (const built of await everyBuild(fenced)) expectHanging(built);
  });

  test("the origin post's rule mends it until any network is made", async () => {
    // A source port that is used again inherits what hung before; only portfence lets go of it by itself.
    await fenced.onHost('conntrack', '-F');
    await fenced.onHost('iptables', '-t', 'nat', '-I', 'POSTROUTING', ...POST_RULE);
    for (const built of await everyBuild(fenced)) expectComplete(built);
    await fenced.engine.expect(['network', 'create', 'early_default']);
    expectHanging(await runDownloads(fenced.engine, 'early_default'));
    await fenced.onHost('iptables', '-t', 'nat', '-D', 'POSTROUTING', ...POST_RULE);
  });

  test('goes through with the fence', async () => {
    await fenced.fence();
    await fenced.testbed.acl.reset();
    for (const built of await everyBuild(fenced)) expectComplete(built);
    const counters = await fenced.testbed.acl.counters();
    expect(counters.inRange).toBeGreaterThan(2 * MIRRORS);
    expect(counters.outOfRange).toBe(0);
  });

  test('goes on going through where the rule fails: after a network is made, on it and on the older ones', async () => {
    await fenced.engine.expect(['network', 'create', 'later_default']);
    await fenced.testbed.acl.reset();
    for (const network of ['later_default', 'early_default', 'bridge'])
      expectComplete(await runDownloads(fenced.engine, network));
    expect((await fenced.testbed.acl.counters()).outOfRange).toBe(0);
    expect((await fenced.status()).totals).toMatchObject({ leaked: 0, untracked: 0 });
  });
});

needs(...ENGINE, 'conntrack')('docker build with user namespaces', () => {
  let fenced: FencedEngine;
  beforeAll(async () => {
    fenced = await fencedEngine({ mirrors: MIRRORS }, { usernsRemap: true });
  });
  afterAll(() => fenced?.close());

  test("hangs without a fence, and goes through with it, in the origin post's own set-up", async () => {
    for (const built of await everyBuild(fenced)) expectHanging(built);
    await fenced.fence();
    await fenced.testbed.acl.reset();
    for (const built of await everyBuild(fenced)) expectComplete(built);
    expect((await fenced.testbed.acl.counters()).outOfRange).toBe(0);
  });
});

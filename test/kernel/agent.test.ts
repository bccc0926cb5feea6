import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNamespace } from '../../src/lab/namespace.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { observeFlows } from '../../src/observe/conntrack.ts';
import { hasPort } from '../../src/ports.ts';
import { realSystem } from '../../src/system/real.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { inOrder } from '../support/listing.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };

needs(...LAB, 'conntrack')('the agent', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let policy: string;
  const tables = () => testbed.host.expect(['nft', 'list', 'tables']);
  const mapping = async () =>
    (await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'map_keep'])).stdout;

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    policy = join(portfence.folder, 'policy.yaml');
    await writeFile(policy, 'version: 1\nports: 49152-61000\n');
    agent = await startAgent(
      testbed.host,
      portfence,
      ['--policy', policy, '--netns', join(portfence.folder, 'netns')],
      {
        ownMounts: true,
      },
    );
    await vi.waitFor(async () => expect(await mapping()).toContain('49152-61000'), PATIENCE);
  });
  afterEach(async () => {
    await agent?.stop();
    await testbed?.close();
    await portfence?.close();
  });

  test('puts the fence back when every rule, one rule or a setting is flushed', async () => {
    const whole = inOrder(await testbed.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']));
    const rules = () => testbed.host.run(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
    for (const harm of [
      ['nft', 'flush', 'ruleset'],
      ['nft', 'delete', 'table', 'inet', 'portfence'],
      ['nft', 'flush', 'chain', 'inet', 'portfence', 'confine'],
    ] as const) {
      await testbed.host.expect(harm);
      await vi.waitFor(async () => expect(inOrder((await rules()).stdout)).toBe(whole), PATIENCE);
    }
  });

  test('follows the policy file, refuses a bad one loudly, and keeps the last good one', async () => {
    await writeFile(policy, 'version: 1\nports: 40000-42999\n');
    await vi.waitFor(async () => expect(await mapping()).toContain('40000-42999'), PATIENCE);
    await writeFile(policy, 'version: 1\nports: 42999-40000\n');
    await vi.waitFor(
      () => expect(agent.words()).toContain('policy.yaml:2:8: ports: 42999-40000 runs backwards'),
      PATIENCE,
    );
    expect(agent.words()).toContain('the last good one stays');
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    await vi.waitFor(async () => expect(await mapping()).toContain('40000-42999'), PATIENCE);
  });

  test('respects an apply and a removal beside it', async () => {
    expect((await portfence.run(['apply', '--ports', '50000-51999'])).code).toBe(0);
    await vi.waitFor(() => expect(agent.words()).toContain('it is taken over'), PATIENCE);
    expect(await mapping()).toContain('50000-51999');
    expect((await portfence.run(['remove'])).code).toBe(0);
    await vi.waitFor(() => expect(agent.words()).toContain('it stays removed'), PATIENCE);
    await testbed.host.expect(['nft', 'add', 'table', 'inet', 'somebody']);
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'somebody']);
    expect(await tables()).toBe('');
    expect((await portfence.run(['apply', '--ports', '50000-51999'])).code).toBe(0);
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    await vi.waitFor(async () => expect(await mapping()).toContain('50000-51999'), PATIENCE);
  });

  test('drops connections that began while the fence was away, so that they complete', async () => {
    const bridge = { name: 'br-00000000aaaa', ipv4: '172.21.0.1/16', masquerade: true };
    const guest = await (await testbed.addBridge(bridge)).addGuest();
    const system = await namespacedSystem(testbed.host);
    // A process that holds the lock keeps the agent from putting the fence back.
    const held = await realSystem.lock(join(portfence.folder, 'state', 'lock'), 10_000);
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    const waiting = seenFrom(guest, [40_001, 40_002, 40_003], { timeoutMs: 20_000 });
    await vi.waitFor(async () => expect(await observeFlows(system, ['-u', 'UNREPLIED'])).toHaveLength(3), PATIENCE);
    await held?.release();
    const ports = (await waiting).map(({ seen }) => seen?.port ?? 0);
    expect(ports.filter((port) => !hasPort(samplePolicy.ports, port))).toEqual([]);
    await system.close();
  });

  test('leaves the fence when it is killed', async () => {
    await agent.kill();
    expect(await mapping()).toContain('49152-61000');
  });

  test('gives namespaces of an engine the range, other namespaces nothing, and restores theirs when the fence is removed', async () => {
    const range = (namespace: { expect(argv: readonly [string, ...string[]]): Promise<string> }) =>
      namespace.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range']);
    const folder = join(portfence.folder, 'netns');
    const [container, chosen, engines] = [await createNamespace(), await createNamespace(), await createNamespace()];
    await chosen.expect(['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=20000 30000']);
    await agent.mount(folder, {
      '0a1b2c': container.path,
      '1a1b2c': chosen.path,
      default: engines.path,
      me: testbed.host.path,
    });
    await vi.waitFor(async () => expect(await range(container)).toBe('49152\t61000\n'), PATIENCE);
    expect(await container.expect(['cat', '/proc/sys/net/ipv4/tcp_timestamps'])).toBe('2\n');
    await vi.waitFor(async () => {
      const { document } = await portfence.json(['status', '--policy', policy]);
      expect(document['agent']).toMatchObject({
        native: { kept: [{ path: `${folder}/1a1b2c`, settings: { 'net.ipv4.ip_local_port_range': '20000 30000' } }] },
      });
    }, PATIENCE);
    expect(await range(chosen)).toBe('20000\t30000\n');
    expect(await range(engines)).toBe('32768\t60999\n');
    await writeFile(policy, 'version: 1\nports: [40000-40999, 42000-42999]\n');
    await vi.waitFor(async () => expect(await range(container)).toBe('40000\t42999\n'), PATIENCE);
    expect(await container.expect(['cat', '/proc/sys/net/ipv4/ip_local_reserved_ports'])).toBe('41000-41999\n');
    await portfence.run(['remove']);
    await vi.waitFor(async () => expect(await range(container)).toBe('32768\t60999\n'), PATIENCE);
    await Promise.all([container.close(), chosen.close(), engines.close()]);
  });
});

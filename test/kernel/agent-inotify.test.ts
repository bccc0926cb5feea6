import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createNamespace } from '../../src/lab/namespace.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';

const PATIENCE = { timeout: 20_000, interval: 100 };
/** A user namespace has a limit of its own: no other program of the machine meets it. */
const WITHOUT_INOTIFY = 'echo 0 > /proc/sys/user/max_inotify_instances && ip link set lo up && exec "$@"';

needs(...LAB, 'conntrack')('an agent without inotify', () => {
  test('warns once, and follows the policy and a lost fence all the same', async () => {
    const namespace = await createNamespace();
    const portfence = await commandLine(namespace);
    const folder = await mkdtemp(join(tmpdir(), 'portfence-test-'));
    const policy = join(folder, 'policy.yaml');
    await writeFile(policy, 'version: 1\nports: 49152-61000\n');
    const apart = [
      'unshare',
      '--user',
      '--map-root-user',
      '--net',
      '--mount',
      'sh',
      '-c',
      WITHOUT_INOTIFY,
      'sh',
    ] as const;
    const enter = (argv: Argv): Argv => [...apart, ...argv];
    const agent = await startAgent({ enter }, portfence, ['--policy', policy], { ownMounts: false });
    const inside = async (...argv: Argv): Promise<string> =>
      (await run(['nsenter', `--net=/proc/${await agent.pid()}/ns/net`, ...argv])).stdout;
    const maps = (ports: string) =>
      vi.waitFor(
        async () => expect(await inside('nft', 'list', 'table', 'inet', 'portfence')).toContain(ports),
        PATIENCE,
      );
    await maps('49152-61000');
    await writeFile(policy, 'version: 1\nports: 40000-42999\n');
    await maps('40000-42999');
    await inside('nft', 'flush', 'ruleset');
    await maps('40000-42999');
    await agent.stop();
    expect(agent.words().match(/warning: can't watch /g)).toHaveLength(1);
    // The first fence and a new policy are no restorations.
    expect(agent.words().match(/warning: the fence was put back/g)).toHaveLength(1);
    expect(agent.words()).toContain('looking every 2 s instead');
    expect(agent.words()).not.toMatch(/this is a bug|call stack/);
    await rm(folder, { recursive: true });
    await portfence.close();
    await namespace.close();
  });
});

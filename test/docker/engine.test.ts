import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConnections, type ProbeResult } from '../../src/lab/connections.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { ALL_PORTS, portSet } from '../../src/ports.ts';
import { ENGINE, needs } from '../support/needs.ts';

const DOWNLOADS = [11, 12, 13].map((last) => `http://203.0.113.${last}/package`);
const DOCKERFILE = `FROM ${IMAGE}\nRUN download ${DOWNLOADS.join(' ')}\n`;

needs(...ENGINE)('an engine in the lab', () => {
  let testbed: Testbed;
  let engine: Engine;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: ALL_PORTS, mirrors: 3 });
    engine = await startEngine(testbed);
    await engine.importImage();
  });
  afterAll(() => testbed?.close());

  test('runs a container that reaches the peer', async () => {
    const lines = (await engine.expect(['run', '--rm', IMAGE, 'download', ...DOWNLOADS])).split('\n');
    expect(lines.sort()).toEqual(DOWNLOADS.map((url) => `downloaded ${url}`));
  });

  test.each([
    ['the classic builder', '0'],
    ['BuildKit', '1'],
  ])('builds with %s', async (_, buildkit) => {
    const args = ['build', '--no-cache', ...(buildkit === '1' ? ['--progress', 'plain'] : []), '-'];
    const { code, stdout, stderr } = await engine.docker(args, {
      input: DOCKERFILE,
      env: { DOCKER_BUILDKIT: buildkit },
    });
    expect(code, stderr).toBe(0);
    for (const url of DOWNLOADS) expect(stdout + stderr).toContain(`downloaded ${url}`);
  });

  test('gives commands of this machine a way into a container', async () => {
    const container = await engine.expect(['run', '--detach', IMAGE, 'sleep', '600']);
    const inside = await engine.inContainer(container);
    const probe = {
      protocol: 'tcp',
      to: { host: '203.0.113.10', port: ECHO_ADDRESS_PORT },
      sourcePorts: [40_123],
      timeoutMs: 2_000,
    } as const;
    const seen: ProbeResult['seen'] = { address: '10.0.1.10', port: 40_123 };
    expect((await openConnections(inside, [probe]))[0]?.seen).toEqual(seen);
    await engine.expect(['rm', '--force', container]);
  });

  test('restarts with the same images and networks', async () => {
    await engine.expect(['network', 'create', 'shop_default']);
    await engine.restart();
    expect(await engine.expect(['network', 'ls', '--format', '{{.Name}}'])).toContain('shop_default');
    expect(
      await engine.expect(['run', '--rm', '--network', 'shop_default', IMAGE, 'download', DOWNLOADS[0] ?? '']),
    ).toContain('downloaded');
  });
});

needs(...ENGINE)('engines', () => {
  test('run side by side, with user namespaces too, and leave nothing behind', async () => {
    const testbeds = await Promise.all(
      [1, 2].map(() => buildTestbed({ allowed: portSet({ from: 49_152, to: 61_000 }) })),
    );
    try {
      const engines = await Promise.all(
        testbeds.map((testbed, index) => startEngine(testbed, { usernsRemap: index === 1 })),
      );
      await Promise.all(engines.map((engine) => engine.importImage()));
      const maps = await Promise.all(
        engines.map((engine) => engine.expect(['run', '--rm', IMAGE, 'cat', '/proc/self/uid_map'])),
      );
      expect(maps[0]?.trim().split(/\s+/)).toEqual(['0', '0', '4294967295']);
      expect(maps[1]?.trim().split(/\s+/)[1]).not.toBe('0');
      await Promise.all(engines.map((engine) => engine.expect(['run', '--detach', IMAGE, 'sleep', '600'])));
      const folders = engines.map(({ execRoot }) => execRoot);
      await Promise.all(testbeds.map((testbed) => testbed.close()));
      expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    } finally {
      await Promise.all(testbeds.map((testbed) => testbed.close()));
    }
  });
});

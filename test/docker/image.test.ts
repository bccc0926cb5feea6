import { readFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { buildExecutables, executableName } from '../../scripts/release/executable-file.ts';
import { buildImage, imageName } from '../../scripts/release/image-file.ts';
import { imageTree } from '../../scripts/release/image-tree.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const PATIENCE = { timeout: 60_000, interval: 200 };

/** The words of each `docker run` on the page, its lines joined. */
const RUNS = [...readFileSync(join(root, 'docs/images.md'), 'utf8').matchAll(/^ {4}docker (run (?:.*\\\n)+.*)$/gm)].map(
  ([, words = '']) => words.replaceAll('\\\n', ' ').split(/\s+/),
);

needs(
  ...ENGINE,
  'debootstrap',
  'strip',
  'conntrack',
)('the image, in a real Docker', () => {
  let testbed: Testbed;
  let engine: Engine;
  const inspect = async (image: string) => JSON.parse(await engine.expect(['inspect', image]))[0].Config;
  const onHost = (...argv: [string, ...string[]]) => run(engine.enter(argv));

  beforeAll(async () => {
    await buildExecutables([architecture]);
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    engine = await startEngine(testbed);
    const folder = dirname(engine.execRoot);
    const archive = await buildImage({ into: folder, fast: true });
    await engine.expect(['load', '--input', join(folder, archive)]);
  }, 900_000);
  afterAll(() => testbed?.close());

  test('the Containerfile makes the same of the same Debian', async () => {
    const folder = dirname(engine.execRoot);
    const context = join(folder, 'context');
    await mkdir(context);
    await copyFile(join(root, 'dist', executableName(architecture)), join(context, executableName(architecture)));
    const tar = join(folder, 'debian.tar');
    await run(['tar', '-C', await imageTree(architecture), '--exclude=./dev/*', '-cf', tar, '.'], {
      timeoutMs: 120_000,
    });
    await engine.expect(['import', tar, 'debian:as-here']);
    // Debian's servers can't be reached from the lab; the tree has the packages already.
    const given = ['BASE=debian:as-here', `EXECUTABLE=${executableName(architecture)}`].flatMap((one) => [
      '--build-arg',
      one,
    ]);
    const file = join(root, 'packaging/Containerfile');
    await engine.expect(['build', '--network', 'none', '--tag', 'by-containerfile', '--file', file, ...given, context]);
    const [built, made] = [await inspect('by-containerfile'), await inspect(imageName())];
    expect(built.Entrypoint).toEqual(made.Entrypoint);
    expect(built.Env).toEqual(made.Env);
    expect(made.Labels).toMatchObject(built.Labels);
    for (const image of ['by-containerfile', imageName()])
      expect(await engine.expect(['run', '--rm', '--network', 'none', image, '--version'])).toBe(manifest.version);
  });

  test("the page's command fences the host and its containers, and the fence outlives it", async () => {
    const [start, remove] = RUNS.map((one) =>
      one.map((word) => word.replace(/^\/run\/docker\.sock(?=:)/, engine.address.slice('unix://'.length))),
    );
    if (!start || !remove) throw new Error('the page has two commands');
    expect([start, remove]).toEqual(Array(2).fill(expect.arrayContaining([imageName()])));
    await onHost('mkdir', '-p', '/run/portfence', '/run/docker');
    await onHost('mount', '--bind', '/run/docker', '/run/docker');
    await onHost('mount', '--make-rshared', '/run/docker');
    const id = await engine.expect(start);
    await vi.waitFor(async () => {
      const { stdout, stderr } = await engine.docker(['exec', id, 'portfence', 'status', '--json']);
      expect(JSON.parse(stdout || '{}'), stderr + (await engine.docker(['logs', id])).stderr).toMatchObject({
        enforced: true,
        agent: { state: 'inSync' },
      });
    }, PATIENCE);
    const image = await engine.importImage();
    const container = await engine.expect(['run', '--detach', '--stop-signal', 'KILL', image, 'sleep', '600']);
    const seen = [
      ...(await seenFrom(await engine.inContainer(container), [20_001, 40_001, 65_001], { protocol: 'udp' })),
      ...(await seenFrom(testbed.host, { kernel: 10 })),
    ];
    expect(seenText(seen.filter((one) => !one.seen || !hasPort(samplePolicy.ports, one.seen.port)))).toEqual([]);
    await engine.expect(['rm', '--force', id]);
    expect((await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine'])).code).toBe(0);
    await engine.expect(remove);
    expect(await testbed.host.expect(['nft', 'list', 'tables'])).not.toContain('inet portfence');
    expect((await onHost('ls', '/run/portfence')).code).not.toBe(0);
  });
});

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { buildExecutables, LICENCES, SBOM } from '../../scripts/release/executable-file.ts';
import { run } from '../../src/system/run.ts';
import { LAB, needs } from '../support/needs.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const executable = fileURLToPath(new URL(`../../dist/portfence-linux-${architecture}`, import.meta.url));
/** No Node is to be found there. */
const env = { PATH: '/usr/sbin:/sbin', NODE_OPTIONS: '--no-such-option' };
const alone = (...args: string[]) => run([executable, ...args], { env });

needs('strip')('the single executable', () => {
  let first: Buffer;
  beforeAll(async () => {
    await buildExecutables([architecture]);
    first = readFileSync(executable);
  });

  test('is the same however often it is built', async () => {
    await buildExecutables([architecture]);
    expect(readFileSync(executable).equals(first)).toBe(true);
  });

  test('runs without Node, whatever the environment tells Node', async () => {
    expect(await alone('--version')).toMatchObject({ code: 0, stderr: '' });
    expect((await alone('plan', '--ports', '1-2')).stderr).toContain('1024');
  });

  test('is its own programs too, which no help shows', async () => {
    const sent = await run([executable, 'own-program', 'verify/programs/send'], { env, input: '[]' });
    expect(sent).toMatchObject({ code: 0, stdout: '[]\n' });
    expect((await alone('own-program', 'toString')).code).toBe(2);
    expect((await alone('--help')).stdout).not.toContain('own-program');
  });

  test('comes with a list of what is in it, and the licence of each', () => {
    const { components, metadata } = JSON.parse(readFileSync(SBOM, 'utf8'));
    const names = components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['node', 'commander', 'yaml', 'zod', '@aws-sdk/client-ec2']));
    expect(metadata.component.name).toBe('portfence');
    const texts = readFileSync(LICENCES, 'utf8');
    for (const name of names) expect(texts).toContain(`\n${name} `);
  });
});

needs(...LAB, 'strip')('the lab of the single executable', () => {
  test('shows the problem and the fence with programs of its own', async () => {
    const path = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_OPTIONS: '' };
    const done = await run([executable, 'lab', 'run', '--json'], { env: path, timeoutMs: 110_000 });
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ ok: true });
  }, 120_000);
});

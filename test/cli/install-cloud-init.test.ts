import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';

let folder: string;
const make = (...args: string[]) =>
  run([...COMMAND, 'install', 'cloud-init', '--ports', '49152-61000', ...args], {
    env: { PORTFENCE_STATE_DIR: join(folder, 'state') },
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-cloud-init-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('prints the user data alone, or writes the same to a file, or tells it as JSON', async () => {
  const printed = await make();
  expect([printed.code, printed.stdout.split('\n')[0]]).toEqual([0, '#cloud-config']);
  const file = join(folder, 'user-data');
  const bytes = Buffer.byteLength(printed.stdout);
  expect((await make('--out', file)).stdout).toBe(`wrote ${file}: ${bytes} of 16384 bytes\n`);
  expect(await readFile(file, 'utf8')).toBe(printed.stdout);
  expect(JSON.parse((await make('--json')).stdout)).toMatchObject({
    format: 'cloud-config',
    bytes,
    limit: 16_384,
    userData: printed.stdout,
  });
});

test('the shell form with the DNS merge names the resolvers', async () => {
  expect((await make('--format', 'shell')).stdout).not.toContain('python3');
  expect((await make('--format', 'shell', '--dns')).stdout).toContain("\npython3 - <<'PORTFENCE'\n");
  expect((await make('--format', 'shell', '--dns', '--ipv6')).stdout).toContain(
    "\npython3 - fd00:ec2::253 <<'PORTFENCE'\n",
  );
});

test.each([
  [['--limit', '4000'], 'bytes long, and 4000 are taken'],
  [['--ipv6'], '--ipv6 goes with --dns'],
  [['--limit', 'much'], 'a number of bytes'],
  [['--format', 'yaml'], 'Allowed choices are cloud-config, shell'],
  [['--backend', 'iptables'], 'not for iptables'],
  [['--uplink', 'l*'], 'name no interface'],
  [['--ports', '61000-49152'], 'runs backwards'],
])('%j is wrong usage and prints nothing', async (args, words) => {
  expect(await make(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(words) });
});

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';
import { type MetadataServer, metadataServer, silence } from '../support/metadata-server.ts';
import { needs } from '../support/needs.ts';

let server: MetadataServer;
let folder: string;
let file: string;
const dns = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run([...COMMAND, 'dns', '--daemon-json', file, ...args], {
    env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url, PATH: `${folder}:${process.env['PATH']}`, ...env },
  });
const document = async (...args: string[]) => JSON.parse((await dns([...args, '--json'])).stdout);
const standIn = async (name: string, lines: string) => {
  await writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`);
  await chmod(join(folder, name), 0o755);
};

beforeEach(async () => {
  server = await metadataServer();
  folder = await mkdtemp(join(tmpdir(), 'portfence-dns-'));
  file = join(folder, 'daemon.json');
  await standIn('systemctl', `echo "MainPID=0"; echo "ExecStart={ argv[]=/usr/sbin/dockerd --config-file=${file} ; }"`);
  await standIn('dockerd', 'exit 0');
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('--print gives the address alone, and asks for nothing else', async () => {
  expect(await dns(['--print'])).toMatchObject({ code: 0, stdout: '10.20.0.2\n', stderr: '' });
  expect((await dns(['--print', '--ipv6'])).stdout).toBe('10.20.0.2\nfd00:ec2::253\n');
  expect((await dns(['--print', '--metadata-endpoint', 'http://127.0.0.1:9'])).code).toBe(3);
  expect(await readFile(file, 'utf8').catch(() => 'none')).toBe('none');
});

test('merges, says what it did, and takes it away again', async () => {
  const before = '{\n    "userns-remap": "default",\n    "dns": ["8.8.8.8"]\n}\n';
  await writeFile(file, before);
  const dry = await dns(['--dry-run']);
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('+    "dns": ["10.20.0.2", "8.8.8.8"]\n')]);
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(await document()).toMatchObject({
    changed: true,
    servers: ['10.20.0.2', '8.8.8.8'],
    restart: 'not needed',
    backup: `${file}.before-portfence`,
  });
  expect(await readFile(file, 'utf8')).toBe(before.replace('["', '["10.20.0.2", "'));
  expect(await document()).toMatchObject({ changed: false, changes: false, diff: [] });
  expect((await dns(['--remove'])).stdout).toContain('containers are given the resolvers 8.8.8.8');
  expect(await readFile(file, 'utf8')).toBe(before);
});

test('bad JSON ends in one error with its place, and nothing is written', async () => {
  await writeFile(file, '{\n  "debug": true,\n}\n');
  const { code, stdout, stderr } = await dns([]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`portfence: ${file}:3:1: no strict JSON`);
  expect(await readFile(file, 'utf8')).toBe('{\n  "debug": true,\n}\n');
});

test('metadata that never answers ends with the remedy; a removal needs none', async () => {
  server.token = silence;
  const { code, stderr } = await dns([]);
  expect([code, stderr]).toEqual([3, expect.stringContaining('http-put-response-hop-limit')]);
  expect((await dns(['--remove'])).code).toBe(0);
});

test.each([
  [['--print', '--remove'], 'cannot be used with'],
  [['--remove', '--ipv6'], 'cannot be used with'],
  [['--daemon-json', 'daemon.json'], 'absolute path'],
  [['--metadata-endpoint', 'https://169.254.169.254'], 'no URL of a metadata service'],
])('%j is wrong usage', async (args, words) => {
  expect(await dns(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});

needs('dockerd')('with Docker itself', () => {
  test('the file is checked, or it is said that this Docker can not', async () => {
    await rm(join(folder, 'dockerd'));
    const knows = (await run(['dockerd', '--help'])).stdout.includes('--validate');
    await writeFile(file, '{"no-such-key": true}');
    const refused = await dns([]);
    expect([refused.code, refused.stderr]).toEqual(
      knows ? [2, expect.stringContaining('no-such-key')] : [0, expect.stringContaining('did not check the file')],
    );
    await writeFile(file, '{"debug": true}');
    const taken = await dns([]);
    expect([taken.code, JSON.parse(await readFile(file, 'utf8')).dns]).toEqual([0, ['10.20.0.2']]);
  });
});

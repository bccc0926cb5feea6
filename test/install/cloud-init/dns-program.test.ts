import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeDns } from '../../../src/cloud/daemon-json/change.ts';
import { DNS_PROGRAM } from '../../../src/install/cloud-init/dns-program.ts';
import { realSystem } from '../../../src/system/real.ts';
import { run } from '../../../src/system/run.ts';
import {
  INSTANCE,
  type Item,
  type MetadataServer,
  metadataServer,
  ofInterface,
  refuse,
  silence,
} from '../../support/metadata-server.ts';
import { needs } from '../../support/needs.ts';
import { failed } from '../../support/scripted-system.ts';

needs('python3')('the program for an instance without Node', () => {
  let folder: string;
  let file: string;
  let server: MetadataServer;
  const standIn = async (name: string, lines: string) => {
    await writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`);
    await chmod(join(folder, name), 0o755);
  };
  const merge = (...further: string[]) =>
    run(['python3', '-', ...further], {
      input: DNS_PROGRAM.replace('/etc/docker/daemon.json', file),
      env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url, PATH: `${folder}:${process.env['PATH']}` },
    });
  const config = async () => readFile(file, 'utf8');
  const has = async (text: string) => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-python-'));
    file = join(folder, 'docker/daemon.json');
    server = await metadataServer({ ...INSTANCE, mac: '0e:49:61:0f:c3:11' });
    await standIn('systemctl', `echo "$*" >>${folder}/calls; [ "$1" = restart ] || exit 3`);
    await standIn('dockerd', 'exit 0');
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('makes the file where there is none, and does nothing the second time', async () => {
    expect(await merge('fd00:ec2::253')).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(await config())).toEqual({ dns: ['10.20.0.2', 'fd00:ec2::253'] });
    const before = await stat(file);
    expect((await merge('fd00:ec2::253')).code).toBe(0);
    expect((await stat(file)).ino).toBe(before.ino);
    expect(server.asked[0]).toBe('PUT /latest/api/token');
  });

  test.each([
    '{\n    "userns-remap": "default",\n    "dns": [\n        "8.8.8.8"\n    ],\n    "mtu": 1400\n}\n',
    '{\n\t"b": 1,\n\t"a": {"c": "é"}\n}\n',
    '{"debug": true}',
  ])('keeps every other key of %j, in its order', async (text) => {
    await has(text);
    await merge();
    const [before, after] = [JSON.parse(text), JSON.parse(await config())];
    expect(Object.entries(after)).toEqual(Object.entries({ ...before, dns: ['10.20.0.2', ...(before.dns ?? [])] }));
    expect(/\n([ \t]+)"/.exec(await config())?.[1]).toBe(/\n([ \t]+)"/.exec(text)?.[1] ?? '  ');
  });

  test('keeps mode and link, and can be taken back by portfence dns --remove, to the last character', async () => {
    const text = '{\r\n  "debug": true\r\n}';
    await has(text);
    await chmod(file, 0o600);
    const target = join(folder, 'target.json');
    await run(['mv', file, target]);
    await symlink(target, file);
    await merge();
    expect([(await lstat(file)).isSymbolicLink(), (await stat(target)).mode & 0o777]).toEqual([true, 0o600]);
    await removeDns({ ...realSystem, run: async () => failed(127, '') }, { file, dryRun: false, restart: false });
    expect([await config(), await readdir(dirname(file))]).toEqual([text, ['daemon.json']]);
  });

  test('restarts Docker where it runs, once, and only there', async () => {
    await merge();
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('is-active --quiet docker.service\n');
    await rm(file);
    await standIn('systemctl', `echo "$*" >>${folder}/calls`);
    await merge();
    await merge();
    expect((await readFile(join(folder, 'calls'), 'utf8')).match(/restart docker/g)).toEqual(['restart docker']);
  });

  test.each<[string, string]>([
    ['{"dns": "8.8.8.8"}', 'dns is no list'],
    ['{"a": 1, "a": 2}', 'has a key twice'],
    ['[1]', 'is no JSON that Docker takes'],
    ['{"a": 1,}', 'is no JSON that Docker takes'],
    ['{"a": NaN}', 'is no JSON that Docker takes'],
  ])('refuses %s and writes nothing', async (text, words) => {
    await has(text);
    expect(await merge()).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
    expect([await config(), await readdir(dirname(file))]).toEqual([text, ['daemon.json']]);
  });

  test('what Docker refuses is not written', async () => {
    await has('{"nope": 1}');
    await standIn('dockerd', 'echo "no such key: nope" >&2; exit 1');
    expect(await merge()).toMatchObject({ code: 1, stderr: expect.stringContaining('no such key: nope') });
    expect([await config(), await readdir(dirname(file))]).toEqual(['{"nope": 1}', ['daemon.json']]);
  });

  test.each<[string, Item, string]>([
    [ofInterface('vpc-ipv4-cidr-block'), '<html>', 'something odd'],
    [ofInterface('vpc-ipv4-cidr-block'), '10.0.0.0/8', 'something odd'],
    ['mac', '../../user-data', 'something odd'],
    ['mac', refuse(404, 'Not Found'), 'does not answer'],
    ['mac', silence, 'does not answer'],
    [
      'mac',
      (answer) => answer.writeHead(302, { location: '/latest/meta-data/placement/region' }).end(),
      'does not answer',
    ],
  ])('metadata that tells something else for %s writes nothing', async (item, text, words) => {
    server.items.set(item, text);
    expect(await merge()).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
    expect(await readdir(folder)).not.toContain('docker');
  });
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { creation, nftTable } from '../../../src/backends/nftables/render.ts';
import { ANY_HOST } from '../../../src/install/any-host.ts';
import { EC2_LIMIT, FORMATS } from '../../../src/install/cloud-init/limits.ts';
import { type UserDataOptions, userData } from '../../../src/install/cloud-init/user-data.ts';
import { fenceUnit } from '../../../src/install/units.ts';
import { createNamespace } from '../../../src/lab/namespace.ts';
import { compile } from '../../../src/plan/compile.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { portSet } from '../../../src/ports.ts';
import { realSystem } from '../../../src/system/real.ts';
import { run } from '../../../src/system/run.ts';
import { LAB, needs } from '../../support/needs.ts';
import { samplePolicy } from '../../support/samples.ts';

const options: UserDataOptions = { policy: samplePolicy, format: 'cloud-config', dns: undefined, limit: EC2_LIMIT };
const made = (changed: Partial<UserDataOptions> = {}) => userData({ ...options, ...changed });
const DNS = { further: ['fd00:ec2::253'] };
const POLICIES: readonly Partial<Policy>[] = [
  {},
  { ports: portSet({ from: 40_000, to: 40_999 }, { from: 50_000, to: 51_999 }), uplinks: ['ens*', 'eth*'] },
  { host: 'off', guard: 'drop', exempt: { destinations: ['10.0.0.0/8', 'fd00::/8'], sourcePorts: [] } },
];

interface CloudConfig {
  readonly bootcmd?: readonly (readonly string[])[];
  readonly write_files: readonly { path: string; permissions: string; encoding?: string; content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}
const read = (text: string): CloudConfig => parse(text, { version: '1.1' });
const contents = (text: string) =>
  new Map(
    read(text).write_files.map(({ path, encoding, content }) => [
      path,
      encoding === 'gz+b64' ? gunzipSync(Buffer.from(content, 'base64')).toString() : content,
    ]),
  );

test('cloud-config holds the files of an installation without the agent', () => {
  const files = contents(made().text);
  expect([...files.keys()]).toEqual([
    '/etc/portfence/fence.nft',
    '/etc/sysctl.d/60-portfence.conf',
    '/etc/systemd/system/portfence.service',
  ]);
  expect(files.get('/etc/systemd/system/portfence.service')).toBe(`${fenceUnit().join('\n')}\n`);
  expect(files.get('/etc/sysctl.d/60-portfence.conf')).toContain('net.ipv4.ip_local_port_range = 49152 61000\n');
  expect(read(made().text).write_files.map(({ permissions }) => permissions)).toEqual(['0644', '0644', '0644']);
});

test('the own range is set before anything of the first boot asks the network', () => {
  expect(read(made().text).bootcmd).toEqual([
    [
      'cloud-init-per',
      'instance',
      'portfence-ip_local_port_range',
      'sysctl',
      '-q',
      '-w',
      'net.ipv4.ip_local_port_range=49152 61000',
    ],
  ]);
  const shell = made({ format: 'shell' }).text;
  expect(shell.indexOf('sysctl -q -p')).toBeLessThan(shell.indexOf('apt-get'));
  const off = made({ policy: { ...samplePolicy, host: 'off' } });
  expect([read(off.text).bootcmd, off.text.includes('sysctl -'), off.notes.join()]).toEqual([
    undefined,
    false,
    expect.stringContaining('may hang'),
  ]);
});

test.each(POLICIES)('an unknown host is fenced like one at early boot (%#)', (policy) => {
  const whole = { ...samplePolicy, ...policy };
  const rules = contents(made({ policy: whole }).text).get('/etc/portfence/fence.nft') ?? '';
  for (const line of creation(nftTable(compile(whole, ANY_HOST)))) expect(rules.split('\n')).toContain(line);
});

test('says which interfaces count, and refuses names that would fence nothing', () => {
  expect(made().notes).toEqual([expect.stringContaining("--uplink names others, like 'ens*'")]);
  expect(made({ policy: { ...samplePolicy, uplinks: ['ens*'] } }).notes).toEqual([]);
  expect(() => made({ policy: { ...samplePolicy, uplinks: ['*'] } })).toThrow(
    'name no interface of a host that is not here yet',
  );
});

test('whatever does not fit into user data is refused with both numbers', () => {
  for (const format of FORMATS) expect(made({ format, dns: DNS }).bytes).toBeLessThan(EC2_LIMIT);
  const { bytes } = made();
  expect(made({ limit: bytes }).bytes).toBe(bytes);
  expect(() => made({ limit: bytes - 1 })).toThrow(`the user data is ${bytes} bytes long, and ${bytes - 1} are taken`);
});

test('is the same whenever it is made', () => {
  for (const format of FORMATS) expect(made({ format, dns: DNS }).text).toBe(made({ format, dns: DNS }).text);
});

needs('cloud-init')('cloud-init itself', () => {
  test.each(POLICIES.flatMap((policy) => [undefined, DNS].map((dns) => ({ policy, dns }))))(
    'takes it (%#)',
    async ({ policy, dns }) => {
      const folder = await mkdtemp(join(tmpdir(), 'portfence-user-data-'));
      try {
        const file = join(folder, 'user-data');
        await writeFile(file, made({ policy: { ...samplePolicy, ...policy }, dns }).text);
        const { code, stdout, stderr } = await run(['cloud-init', 'schema', '--config-file', file]);
        expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('Valid')]);
        await writeFile(file, made().text.replace('runcmd:\n', 'runcmd: 7\nrest:\n'));
        expect((await run(['cloud-init', 'schema', '--config-file', file])).code).toBe(1);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

/** cloud-init's own modules on the user data, with every path below a folder; prints the script that it makes of `runcmd`. */
const MODULES = `
import sys
from cloudinit import mergers, util
from cloudinit.config import cc_write_files
others = {"runcmd": [["echo", "another part"]], "write_files": [{"path": "/other", "content": ""}]}
config = util.load_yaml(sys.stdin.read())
config = mergers.construct(mergers.dict_extract_mergers(config)).merge(others, config)
for file in config["write_files"]:
    file["path"] = sys.argv[1] + file["path"]
cc_write_files.write_files("portfence", config["write_files"], "root:root")
print(util.shellify(config["runcmd"]))
`;

needs('root', 'cloud-init')('the modules of cloud-init', () => {
  test.each(POLICIES)('write the files and make a script of it, behind what other parts want (%#)', async (policy) => {
    const folder = await mkdtemp(join(tmpdir(), 'portfence-user-data-'));
    try {
      const { text } = made({ policy: { ...samplePolicy, ...policy }, dns: DNS });
      const { code, stdout, stderr } = await run(['/usr/bin/python3', '-c', MODULES, folder], { input: text });
      expect(code, stderr).toBe(0);
      for (const [path, content] of contents(text)) {
        expect(await realSystem.readText(`${folder}${path}`)).toBe(content);
        expect((await stat(`${folder}${path}`)).mode & 0o777).toBe(0o644);
      }
      expect(await run(['sh', '-n'], { input: stdout })).toMatchObject({ code: 0, stderr: '' });
      expect(stdout).toMatch(/another part[\s\S]*systemctl restart portfence.service/);
      expect(await realSystem.readText(`${folder}/other`)).toBe('');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

needs(...LAB)('the kernel', () => {
  test.each(POLICIES)('loads the rules, and again, with the same end (%#)', async (policy) => {
    const namespace = await createNamespace();
    try {
      const input =
        contents(made({ policy: { ...samplePolicy, ...policy } }).text).get('/etc/portfence/fence.nft') ?? '';
      const load = () => namespace.expect(['nft', '-f', '-'], { input });
      const listing = () => namespace.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
      await load();
      const first = await listing();
      await load();
      expect(await listing()).toBe(first);
      expect(first).toContain('type nat hook postrouting priority');
    } finally {
      await namespace.close();
    }
  });
});

test.each(POLICIES)('the shell form is POSIX sh and holds the same files (%#)', async (policy) => {
  const whole = { ...samplePolicy, ...policy };
  const folder = await mkdtemp(join(tmpdir(), 'portfence-user-data-'));
  try {
    const { text } = made({ policy: whole, format: 'shell', dns: DNS });
    expect((await run(['sh', '-n', '-'], { input: text })).code).toBe(0);
    // The part that writes files, under another root.
    const writing = text.split('\n').slice(
      0,
      text.split('\n').findIndex((line) => /^(?:sysctl|if !)/.test(line)),
    );
    const elsewhere = writing.join('\n').replaceAll(/(mkdir -p |>|mv |chmod \d+ |new )\/etc/g, `$1${folder}/etc`);
    const { code, stderr } = await run(['sh', '-s'], { input: elsewhere });
    expect([code, stderr]).toEqual([0, '']);
    for (const [path, content] of contents(made({ policy: whole }).text))
      expect(await realSystem.readText(`${folder}${path}`)).toBe(content);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  [
    'apt-get',
    ['apt-get -q update', 'apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends nftables'],
  ],
  ['dnf', ['dnf -q -y install nftables']],
  ['zypper', ['zypper -q -n install nftables']],
])('nftables is brought by %s where it is missing, and only there', async (manager, calls) => {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-user-data-'));
  try {
    const lines = made({ format: 'shell' }).text.split('\n');
    const [from, to] = [lines.findIndex((line) => line.startsWith('if ! command -v nft')), lines.indexOf('fi')];
    const input = ['set -eu', ...lines.slice(from, to + 1)].join('\n');
    const bring = () => run(['/bin/sh', '-c', `PATH=${folder}\n${input}`]);
    expect(await bring()).toMatchObject({ code: 1, stderr: expect.stringContaining('install nftables first') });
    await writeFile(join(folder, manager), `#!/bin/sh\necho "${manager} $*" >>${folder}/calls\n`, { mode: 0o755 });
    expect((await bring()).code).toBe(0);
    expect((await realSystem.readText(join(folder, 'calls')))?.trim().split('\n')).toEqual(calls);
    await writeFile(join(folder, 'nft'), '', { mode: 0o755 });
    await bring();
    expect((await realSystem.readText(join(folder, 'calls')))?.trim().split('\n')).toEqual(calls);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

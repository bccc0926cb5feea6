import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { install } from '../../src/install/install.ts';
import { uninstall } from '../../src/install/uninstall.ts';
import { realSystem } from '../../src/system/real.ts';
import type { System } from '../../src/system/system.ts';
import { samplePolicy } from '../support/samples.ts';

let folder: string;
let image: string;
let outside: string;
const commands: string[] = [];
const system: System = {
  ...realSystem,
  isRoot: true,
  run: async (argv) => {
    commands.push(argv.join(' '));
    return { code: 0, stdout: '', stderr: '' };
  },
};
const installInto = (root: string) =>
  install(system, {
    ...{ policy: () => samplePolicy, root, start: false, say: () => {} },
    agent: { program: ['/usr/bin/node', '/usr/bin/portfence'], args: [] },
  });
const uninstallFrom = (root: string) => uninstall(system, { root, keepPolicy: false, now: false, say: () => {} });
/** Every file below, with its text. */
const texts = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => path.startsWith(realpathSync(root)) && realpathSync(path) === path) // Node 24 walks through links.
      .map((path) => [path, readFileSync(path, 'utf8')]),
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portfence-image-'));
  [image, outside] = [join(folder, 'image'), join(folder, 'outside')];
  for (const path of [join(image, 'etc'), join(outside, 'portfence'), join(outside, 'sysctl.d')])
    mkdirSync(path, { recursive: true });
  commands.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(['absolute', 'relative'])('no %s link of an image leads out of it, to write or to remove', async (kind) => {
  const out = (name: string) => (kind === 'absolute' ? join(outside, name) : `../../outside/${name}`);
  for (const name of ['portfence', 'sysctl.d']) symlinkSync(out(name), join(image, 'etc', name));
  for (const name of ['policy.yaml', 'installed.json', 'state.json', 'fence.nft'])
    writeFileSync(join(outside, 'portfence', name), `the host's ${name}`);
  writeFileSync(join(outside, 'sysctl.d', '60-portfence.conf'), 'of the host');
  const before = texts(outside);
  const { files } = await installInto(image);
  expect([texts(outside), files.length]).toEqual([before, 6]);
  expect((await uninstallFrom(image)).files).toHaveLength(6);
  expect(texts(outside)).toEqual(before);
  expect(Object.keys(texts(image))).toEqual([]);
});

test('a policy of the image that is a link is read where the link leads in the image', async () => {
  mkdirSync(join(image, 'etc/portfence'), { recursive: true });
  mkdirSync(join(image, 'usr/share'), { recursive: true });
  symlinkSync('/usr/share/policy.yaml', join(image, 'etc/portfence/policy.yaml'));
  writeFileSync(join(image, 'usr/share/policy.yaml'), 'version: 1\nports: 40000-41999\n');
  await expect(installInto(image)).rejects.toThrow('says otherwise');
});

test('a link in the place of a file of ours is replaced, and what it names stays', async () => {
  mkdirSync(join(image, 'etc/portfence'), { recursive: true });
  writeFileSync(join(outside, 'fence.nft'), 'of the host');
  symlinkSync(join(outside, 'fence.nft'), join(image, 'etc/portfence/fence.nft'));
  await installInto(image);
  expect(lstatSync(join(image, 'etc/portfence/fence.nft')).isFile()).toBe(true);
  expect(readFileSync(join(outside, 'fence.nft'), 'utf8')).toBe('of the host');
});

test.each(['/etc/systemd', '/etc/systemd/system/multi-user.target.wants'])(
  'systemctl is never sent into an image whose %s leads out of it',
  async (path) => {
    mkdirSync(join(image, path, '..'), { recursive: true });
    symlinkSync(outside, join(image, path));
    const before = texts(outside);
    await expect(installInto(image)).rejects.toMatchObject({
      message: expect.stringMatching(/^a symbolic link leads from .* out of the image$/),
      hint: 'make the link a relative one: systemctl would follow it on this host',
    });
    expect([commands, texts(outside)]).toEqual([[], before]);
  },
);

test('an image that lies behind a link is one like any other', async () => {
  symlinkSync('image', join(folder, 'link'));
  const { files } = await installInto(join(folder, 'link'));
  expect(files[0]?.path).toBe(join(folder, 'link/etc/portfence/policy.yaml'));
  expect(commands).toEqual([
    `systemctl --quiet --root ${join(folder, 'link')} enable portfence.service portfence-agent.service`,
  ]);
});

import { chmod, chown, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mergeDns, removeDns } from '../../../src/cloud/daemon-json/change.ts';
import { DEFAULT_FILE, findDockerDaemon } from '../../../src/cloud/daemon-json/engine.ts';
import { realSystem } from '../../../src/system/real.ts';
import type { System } from '../../../src/system/system.ts';
import { needs } from '../../support/needs.ts';
import { failed, type Script, scriptedSystem } from '../../support/scripted-system.ts';

const SHOW = 'systemctl show --property=MainPID,ExecStart docker.service';
const VALIDATE = `dockerd --validate --config-file ${DEFAULT_FILE}.tmp`;
const SERVERS = ['10.0.0.2'];
const how = { file: DEFAULT_FILE, dryRun: false, restart: false };
const valid = { [SHOW]: failed(127, ''), [VALIDATE]: 'configuration OK\n' };
const stopped = (exec: string) =>
  `MainPID=0\nExecStart={ path=/usr/sbin/dockerd ; argv[]=${exec} ; ignore_errors=no ; pid=0 }\n`;
const stat4711 = (start: number) => `4711 (dock) erd) S 1 ${'0 '.repeat(17)}${start} 0 0`;
const running = (exec = '/usr/sbin/dockerd\0-H\0fd://\0', start = 100): Script => ({
  commands: { ...valid, [SHOW]: 'MainPID=4711\nExecStart=\n', 'systemctl restart docker.service': '' },
  files: { '/proc/4711/cmdline': exec, '/proc/4711/stat': stat4711(start) },
});

test('writes the file, a copy of what was there and what it did, and does nothing the second time', async () => {
  const system = scriptedSystem({ commands: valid, files: { [DEFAULT_FILE]: '{"debug":true}' } });
  const change = await mergeDns(system, SERVERS, how);
  expect(change).toMatchObject({ to: '{"debug":true,"dns":["10.0.0.2"]}', restart: 'not needed', servers: SERVERS });
  expect(system.files.get(`${change.backup}`)).toBe('{"debug":true}');
  const before = system.calls.written.length;
  expect(await mergeDns(system, SERVERS, how)).toMatchObject({ from: change.to, to: change.to });
  expect(system.calls.written.length).toBe(before);
  expect(await removeDns(system, how)).toMatchObject({ to: '{"debug":true}' });
  expect([...system.files]).toEqual([[DEFAULT_FILE, '{"debug":true}']]);
  expect(await removeDns(system, how)).toMatchObject({ from: '{"debug":true}', to: '{"debug":true}' });
});

test('what Docker refuses is not written', async () => {
  const refusal = failed(
    1,
    `unable to configure the Docker daemon with file ${DEFAULT_FILE}.tmp: the following directives don't match any configuration option: nope\n`,
  );
  const system = scriptedSystem({
    commands: { ...valid, [VALIDATE]: refusal },
    files: { [DEFAULT_FILE]: '{"nope":1}' },
  });
  await expect(mergeDns(system, SERVERS, how)).rejects.toMatchObject({
    code: 'DAEMON_JSON',
    detail: expect.stringContaining(`with file ${DEFAULT_FILE}: the following directives`),
  });
  expect([...system.files]).toEqual([[DEFAULT_FILE, '{"nope":1}']]);
});

test.each([
  ['no dockerd', failed(127, 'spawn dockerd ENOENT')],
  ['one that is too old', failed(1, "Status: unknown flag: --validate\nSee 'dockerd --help'., Code: 125\n")],
])('%s is said, and the file is written', async (_, answer) => {
  const system = scriptedSystem({ commands: { ...valid, [VALIDATE]: answer } });
  const { notes, to } = await mergeDns(system, SERVERS, how);
  expect([notes.join(), system.files.get(DEFAULT_FILE)]).toEqual([expect.stringContaining('did not check'), to]);
});

test('a dry run changes nothing', async () => {
  const system = scriptedSystem(running());
  const script = { dryRun: true, restart: true, file: DEFAULT_FILE };
  expect(await mergeDns(system, SERVERS, script)).toMatchObject({
    to: '{\n  "dns": ["10.0.0.2"]\n}\n',
    restart: 'needed',
  });
  expect([system.calls.written, system.calls.run.length]).toEqual([[], 1]);
});

test('says that Docker has to be restarted until its process is another one', async () => {
  const system = scriptedSystem(running());
  expect((await mergeDns(system, SERVERS, how)).restart).toBe('needed');
  expect((await mergeDns(system, SERVERS, how)).restart).toBe('needed');
  const later = scriptedSystem({
    ...running(undefined, 200),
    files: { ...Object.fromEntries(system.files), '/proc/4711/stat': stat4711(200) },
  });
  expect((await mergeDns(later, SERVERS, how)).restart).toBe('not needed');
  expect((await removeDns(later, how)).restart).toBe('needed');
  expect((await mergeDns(system, SERVERS, { ...how, restart: true })).restart).toBe('done');
  expect(system.calls.run.at(-1)?.argv.join(' ')).toBe('systemctl restart docker.service');
});

test('a process that never read what was merged need not be restarted for its removal', async () => {
  const system = scriptedSystem(running());
  await mergeDns(system, SERVERS, how);
  expect((await removeDns(system, how)).restart).toBe('not needed');
});

test.each([
  ['the running process', running('/usr/sbin/dockerd\0--dns\x001.1.1.1\0'), /the running dockerd \(process 4711\)/],
  [
    'the unit',
    { commands: { ...valid, [SHOW]: stopped('/usr/sbin/dockerd -H fd:// --dns=1.1.1.1') } },
    /docker.service \(ExecStart\)/,
  ],
])('a --dns flag of %s is told, since Docker would not start, and nothing is written', async (_, script, where) => {
  const system = scriptedSystem(script);
  await expect(mergeDns(system, SERVERS, how)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(where),
  });
  expect(system.calls.written).toEqual([]);
});

test.each(['--dns-search=example.org', '--dns-opt'])('%s is another key', async (flag) => {
  const system = scriptedSystem(running(`/usr/sbin/dockerd\0${flag}\0`));
  expect((await findDockerDaemon(system)).dnsFlag).toBeUndefined();
});

test('an engine that reads another file is left out of it', async () => {
  const script = running('/usr/bin/dockerd\0--config-file\0/etc/other.json\0--dns=1.1.1.1\0');
  const change = await mergeDns(scriptedSystem(script), SERVERS, how);
  expect(change).toMatchObject({
    restart: 'not needed',
    notes: [expect.stringContaining(`does not read ${DEFAULT_FILE}`)],
  });
});

test('an engine that systemd did not start is known by its file, and never restarted', async () => {
  const { commands, files } = running();
  const system = scriptedSystem({
    commands: { ...commands, [SHOW]: failed(1, '') },
    files: { ...files, '/run/docker.pid': '4711\n' },
  });
  await expect(mergeDns(system, SERVERS, { ...how, restart: true })).rejects.toMatchObject({ code: 'USAGE' });
  expect(system.calls.written).toEqual([]);
  expect((await mergeDns(system, SERVERS, how)).restart).toBe('needed');
});

test('a number that another process has now is no engine', async () => {
  const files = { '/run/docker.pid': '4711', '/proc/4711/cmdline': '/usr/bin/vim\0', '/proc/4711/stat': stat4711(1) };
  expect((await findDockerDaemon(scriptedSystem({ commands: valid, files }))).process).toBeUndefined();
});

test.each([
  ['the host asks it', { '/etc/resolv.conf': 'search ec2.internal\nnameserver 10.0.0.2\n' }, true],
  [
    'a local stub asks it',
    { '/etc/resolv.conf': 'nameserver 127.0.0.53\n', '/run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.2\n' },
    true,
  ],
  ['a local cache hides it', { '/etc/resolv.conf': 'nameserver 127.0.0.1\nnameserver ::1\n' }, false],
  ['the host asks another', { '/etc/resolv.conf': 'nameserver 8.8.8.8\n' }, false],
  ['the host tells nothing', {}, false],
])('says whether the merge is needed where %s', async (_, files, needless) => {
  const { notes } = await mergeDns(scriptedSystem({ commands: valid, files }), SERVERS, how);
  expect(notes.some((note) => note.includes('not needed here'))).toBe(needless);
});

test.each(['EACCES', 'EROFS'])('a file that can not be used (%s) ends in one sentence with its name', async (errno) => {
  const system = scriptedSystem({ commands: valid, failures: { [DEFAULT_FILE]: errno } });
  await expect(mergeDns(system, SERVERS, how)).rejects.toMatchObject({
    ...{ code: 'SYSTEM', errno, hint: expect.any(String) },
    message: expect.stringContaining(DEFAULT_FILE),
  });
});

needs('root')('the real file', () => {
  let folder: string;
  let file: string;
  const system: System = {
    ...realSystem,
    run: async ([command], options) => (command === 'dockerd' ? realSystem.run(['true'], options) : failed(127, '')),
  };
  const at = (options: Partial<typeof how> = {}) => ({ ...how, file, ...options });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-dns-'));
    file = join(folder, 'daemon.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('keeps mode and owner, follows a symbolic link, and leaves no trace when it goes', async () => {
    const target = join(folder, 'real.json');
    await writeFile(target, '{}\n');
    await chmod(target, 0o640);
    await chown(target, 1234, 4321);
    await symlink('real.json', file);
    await mergeDns(system, SERVERS, at());
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    for (const path of [target, `${file}.before-portfence`, `${file}.portfence`]) {
      const { mode, uid, gid } = await stat(path);
      expect([path, mode & 0o7777, uid, gid]).toEqual([path, 0o640, 1234, 4321]);
    }
    expect(JSON.parse(await readFile(target, 'utf8'))).toEqual({ dns: SERVERS });
    await removeDns(system, at());
    expect([await readFile(target, 'utf8'), await readdir(folder)]).toEqual(['{}\n', ['daemon.json', 'real.json']]);
    expect((await stat(target)).uid).toBe(1234);
  });

  test('makes the file and its folder where there is none, for everybody to read, and takes it away again', async () => {
    file = join(folder, 'docker/daemon.json');
    await mergeDns(system, SERVERS, at());
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    await removeDns(system, at());
    expect(await readdir(join(folder, 'docker'))).toEqual([]);
  });

  test('a refusal leaves the folder as it was', async () => {
    await writeFile(file, '{"nope": 1}');
    const refusing: System = { ...system, run: async () => failed(1, 'no') };
    await expect(mergeDns(refusing, SERVERS, at())).rejects.toMatchObject({ code: 'DAEMON_JSON' });
    expect([await readdir(folder), await readFile(file, 'utf8')]).toEqual([['daemon.json'], '{"nope": 1}']);
  });

  test('a link that leads nowhere, and a folder, are told and left', async () => {
    await symlink('nowhere.json', file);
    await expect(mergeDns(system, SERVERS, at())).rejects.toMatchObject({
      message: expect.stringContaining('leads nowhere'),
    });
    expect(await readdir(folder)).toEqual(['daemon.json']);
    await expect(mergeDns(system, SERVERS, at({ file: folder }))).rejects.toMatchObject({ code: 'SYSTEM' });
  });
});

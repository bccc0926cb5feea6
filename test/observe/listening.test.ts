import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { observeEngines } from '../../src/observe/engines.ts';
import { canBeAsked } from '../../src/observe/listening.ts';
import { realSystem } from '../../src/system/real.ts';
import { needs } from '../support/needs.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const SOCKET = '/var/run/docker.sock';
const TABLE = [
  'Num       RefCount Protocol Flags    Type St Inode Path',
  '0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/docker.sock',
  '0000000000000000: 00000003 00000000 00000000 0001 03 4712 /run/docker.sock',
  '0000000000000000: 00000002 00000000 00010000 0001 01 4713 /run/other.sock',
].join('\n');
const host = (
  comm: string,
  holders: Readonly<Record<string, number>>,
  more: Readonly<Record<string, string>> = {},
) => ({
  files: { '/proc/net/unix': TABLE, '/proc/1/comm': `${comm}\n` },
  links: Object.fromEntries([
    ...Object.entries(holders).map(([fd, inode]) => [`/proc/${fd}`, `socket:[${inode}]`] as const),
    ...Object.entries(more).map(([name, target]) => [`/proc/${name}`, target] as const),
  ]),
});

test.each([
  ['only systemd listens', host('systemd', { '1/fd/7': 4711, '90/fd/3': 4713 }), false],
  ['a connection is no listener', host('systemd', { '1/fd/7': 4711, '90/fd/3': 4712 }), false],
  ['the engine has taken over', host('systemd', { '1/fd/7': 4711, '90/fd/3': 4711 }), true],
  [
    'systemd is about to start a program',
    host('systemd', { '1/fd/7': 4711, '90/fd/3': 4711 }, { '1/exe': '/lib/systemd', '90/exe': '/lib/systemd' }),
    false,
  ],
  ['the engine listens by itself', host('systemd', { '90/fd/3': 4711 }), true],
  ['the first process is the engine', host('dockerd', { '1/fd/7': 4711 }), true],
  ['nothing is known', {}, true],
] as const)('an engine is asked where %s: %#', async (_, script, expected) => {
  expect(await canBeAsked(scriptedSystem(script), SOCKET)).toBe(expected);
});

test('an engine that systemd would start is not asked, and taken as it was found before', async () => {
  const before = [{ engine: 'docker' as const, socket: SOCKET, networks: [], published: [] }];
  const script = host('systemd', { '1/fd/7': 4711 });
  const system = scriptedSystem({ ...script, sockets: { [`${SOCKET} /version`]: {} } });
  const { engines } = await observeEngines(system, { before });
  expect(engines).toEqual([{ ...before[0], remembered: true }]);
  expect(system.calls.asked.filter((asked) => asked.startsWith(SOCKET))).toEqual([]);
});

needs('root', 'unshare')('the listener of a real socket', () => {
  test.each([
    ['only the first process, systemd', false, false],
    ['a second process as well', true, true],
  ] as const)('is %s', async (_, isShared, expected) => {
    const folder = await mkdtemp(join(tmpdir(), 'portfence-test-'));
    const socket = join(folder, 'engine.sock');
    const program = `
      const server = require('node:net').createServer();
      process.title = 'systemd';
      server.listen(process.argv[1], () => {
        if (${isShared}) require('node:child_process').spawn('cat', { stdio: ['pipe', 'ignore', 'ignore', server._handle] });
        console.log('ready');
      });
      process.stdin.on('end', () => process.exit()).resume();`;
    const apart = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', process.execPath] as const;
    const child = await realSystem.startChild([...apart, '-e', program, socket]);
    const { stdout } = await realSystem.run(['cat', `/proc/${child.pid}/task/${child.pid}/children`]);
    expect(await canBeAsked({ ...realSystem, ...seenFrom(stdout.trim()) }, socket)).toBe(expected);
    await child.stop();
    await rm(folder, { recursive: true });
  });
});

/** The processes as they are numbered inside the pid namespace of a process. */
function seenFrom(pid: string): Pick<typeof realSystem, 'readText' | 'list' | 'linkTarget'> {
  const inside = (path: string): string =>
    path === '/proc/net/unix' ? path : path.replace('/proc', `/proc/${pid}/root/proc`);
  return {
    readText: (path) => realSystem.readText(inside(path)),
    list: (path) => realSystem.list(inside(path)),
    linkTarget: (path) => realSystem.linkTarget(inside(path)),
  };
}

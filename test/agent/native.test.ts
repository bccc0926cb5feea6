import { expect, test, vi } from 'vitest';
import { watchNamespaces } from '../../src/agent/native/native.ts';
import { samplePolicy } from '../support/samples.ts';
import { type Script, scriptedSystem } from '../support/scripted-system.ts';

const SOCKET = '/run/docker.sock';
const FOLDER = '/run/docker/netns';
const ID = '0123456789abcdef';
const UNIT = '\u001f';
const KEY = 'net.ipv4.ip_local_port_range';
const RANGE = '49152\t61000';
const DEFAULT = '32768\t60999';

/** Namespaces as the kernel would hold them; the shell that enters them is answered from here. */
function containersOf(script: Script, present: Record<string, string>) {
  const system = scriptedSystem({ env: { PORTFENCE_STATE_DIR: '/state' }, ...script });
  const written: string[] = [];
  const asked: string[] = [];
  const startCoprocess: typeof system.startCoprocess = (argv, onLine) => ({
    ...system.startCoprocess(argv, onLine),
    write: (line) => {
      const [id, path = '', range = '', , , old = ''] = line.split(UNIT);
      const now = present[path];
      asked.push(path);
      const may = now !== undefined && old.includes(`:${now}:`);
      if (may) {
        present[path] = range;
        written.push(`${path} ${range.replace('\t', ' ')}`);
      }
      const answer = now === undefined ? 'gone' : `${may ? 'given' : 'kept'}|${present[path]}|given||given|2`;
      setImmediate(() => onLine(`${id}|${answer}`));
    },
  });
  const readText: typeof system.readText = async (path) => {
    const mounts = Object.keys(present).map(
      (point) => `36 30 0:4 net:[4026532000] ${point} rw shared:1 - nsfs nsfs rw`,
    );
    return path === '/proc/self/mountinfo' ? mounts.join('\n') : system.readText(path);
  };
  return {
    system: { ...system, startCoprocess, readText },
    feeds: system.feeds,
    files: system.files,
    written,
    asked,
    present,
  };
}

const container = (name: string, path: string, sysctls: Record<string, string> = {}) => ({
  Id: ID,
  Name: `/${name}`,
  HostConfig: { NetworkMode: 'bridge', Sysctls: sysctls },
  NetworkSettings: { SandboxKey: path },
});
const LISTED = [{ Id: ID, NetworkSettings: { Networks: { bridge: { EndpointID: 'e1' } } } }];
const usual = { folders: [{ path: FOLDER, kind: 'engine' as const }], sockets: [SOCKET] };

test('a choice that equals the kernel’s default, and that we were too early or too late for, is put back and named', async () => {
  const sockets: Record<string, unknown> = { [`${SOCKET} /version`]: {}, [`${SOCKET} /containers/json`]: [] };
  const { system, feeds, written, present } = containersOf({ sockets }, {});
  const native = watchNamespaces(system, usual);
  await native.want(samplePolicy);
  present[`${FOLDER}/a1`] = DEFAULT;
  system.writeText(`${FOLDER}/a1`, '');
  feeds.get(FOLDER)?.('a1');
  await vi.waitFor(() => expect(present[`${FOLDER}/a1`]).toBe(RANGE));
  sockets[`${SOCKET} /containers/json`] = LISTED;
  sockets[`${SOCKET} /containers/${ID}/json`] = container('web\u001b[2J', `${FOLDER}/a1`, { [KEY]: '32768  60999' });
  await native.want(samplePolicy);
  expect(present[`${FOLDER}/a1`]).toBe(DEFAULT);
  expect(await native.report()).toMatchObject({
    given: 0,
    kept: [{ path: `${FOLDER}/a1`, container: 'web?[2J', settings: { [KEY]: '32768 60999' } }],
  });
  // Neither another look, nor an engine that is away, nor a new policy takes it for a default.
  delete sockets[`${SOCKET} /containers/json`];
  await native.want(samplePolicy);
  await native.want({ ...samplePolicy, ports: [{ from: 50_000, to: 50_999 }] });
  expect(written).toEqual([`${FOLDER}/a1 49152 61000`, `${FOLDER}/a1 32768 60999`]);
});

test('containers that were there before wait for what their engine says of them', async () => {
  const sockets = {
    [`${SOCKET} /version`]: {},
    [`${SOCKET} /containers/json`]: LISTED,
    [`${SOCKET} /containers/${ID}/json`]: container('web', `/var${FOLDER}/a1`, { [KEY]: '32768 60999' }),
  };
  const files = { [`${FOLDER}/a1`]: '', [`${FOLDER}/b2`]: '', [`${FOLDER}/default`]: '' };
  const { system, written } = containersOf(
    { sockets, files },
    { [`${FOLDER}/a1`]: DEFAULT, [`${FOLDER}/b2`]: DEFAULT },
  );
  const native = watchNamespaces(system, usual);
  await native.want(samplePolicy);
  expect(written).toEqual([`${FOLDER}/b2 49152 61000`]);
  expect(await native.report()).toMatchObject({ given: 1, kept: [{ container: 'web' }] });
});

test('the folder of a running container is watched, whatever the engine’s exec-root is', async () => {
  const sockets = {
    [`${SOCKET} /version`]: {},
    [`${SOCKET} /containers/json`]: LISTED,
    [`${SOCKET} /containers/${ID}/json`]: container('web', '/srv/exec/netns/a1'),
  };
  const { system, files, written } = containersOf(
    { sockets, files: { '/srv/exec/netns/a1': '' } },
    { '/srv/exec/netns/a1': DEFAULT },
  );
  const native = watchNamespaces(system, usual);
  await native.want(samplePolicy);
  expect((await native.report()).folders).toEqual([FOLDER, '/srv/exec/netns']);
  expect(JSON.parse(files.get('/state/native.json') ?? '')).toMatchObject({ folders: [FOLDER, '/srv/exec/netns'] });
  expect(written).toEqual(['/srv/exec/netns/a1 49152 61000']);
});

test('values that an earlier agent gave are ours; a removal takes them back and forgets them', async () => {
  const files = { [`${FOLDER}/a1`]: '' };
  const first = containersOf({ files }, { [`${FOLDER}/a1`]: DEFAULT });
  await watchNamespaces(first.system, usual).want(samplePolicy);
  const memory = { '/state/native.json': first.files.get('/state/native.json') ?? '' };
  const second = containersOf({ files: { ...files, ...memory } }, first.present);
  const native = watchNamespaces(second.system, usual);
  await native.want(samplePolicy);
  expect(await native.report()).toMatchObject({ given: 1, kept: [] });
  await native.want({ ...samplePolicy, ports: [{ from: 50_000, to: 50_999 }] });
  expect(second.present[`${FOLDER}/a1`]).toBe('50000\t50999');
  await native.want(undefined);
  expect(second.present[`${FOLDER}/a1`]).toBe(DEFAULT);
  expect(second.files.has('/state/native.json')).toBe(false);
});

test('a name that an ended container left behind is not waited for, neither at the start nor with a new policy', async () => {
  const names = { [`${FOLDER}/a1`]: '', [`${FOLDER}/b2`]: '', [`${FOLDER}/c3`]: '' };
  const { system, asked, present } = containersOf(
    { files: names },
    { [`${FOLDER}/a1`]: DEFAULT, [`${FOLDER}/b2`]: DEFAULT },
  );
  const native = watchNamespaces(system, usual);
  await native.want(samplePolicy);
  expect(asked.sort()).toEqual([`${FOLDER}/a1`, `${FOLDER}/b2`]);
  delete present[`${FOLDER}/b2`];
  asked.length = 0;
  await native.want({ ...samplePolicy, ports: [{ from: 50_000, to: 50_999 }] });
  expect(asked).toEqual([`${FOLDER}/a1`]);
});

test('a shell that is killed leaves no call waiting, and another one serves the next', async () => {
  const { system, written } = containersOf({ files: { [`${FOLDER}/a1`]: '' } }, { [`${FOLDER}/a1`]: DEFAULT });
  let shells = 0;
  const startCoprocess: typeof system.startCoprocess = (argv, onLine) => {
    shells += 1;
    if (shells > 1) return system.startCoprocess(argv, onLine);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    return { ended, write: () => end(), stop: async () => {} };
  };
  const native = watchNamespaces({ ...system, startCoprocess }, usual);
  await native.want(samplePolicy);
  await vi.waitFor(() => expect([shells, written]).toEqual([2, [`${FOLDER}/a1 49152 61000`]]));
});

test('an agent that starts beside many containers enters a bounded number of namespaces at a time', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `${FOLDER}/c${i}`);
  const present = Object.fromEntries(names.map((name) => [name, DEFAULT]));
  const { system, written } = containersOf({ files: Object.fromEntries(names.map((name) => [name, ''])) }, present);
  let open = 0;
  let most = 0;
  const startCoprocess: typeof system.startCoprocess = (argv, onLine) => {
    const shell = system.startCoprocess(argv, (line) => {
      open -= 1;
      onLine(line);
    });
    return {
      ...shell,
      write: (line) => {
        open += 1;
        most = Math.max(most, open);
        shell.write(line);
      },
    };
  };
  const native = watchNamespaces({ ...system, startCoprocess }, usual);
  await native.want(samplePolicy);
  expect(written).toHaveLength(300);
  expect(most).toBeLessThanOrEqual(24);
});

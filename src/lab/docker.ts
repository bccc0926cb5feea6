import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../errors.ts';
import { type Logged, startLogged } from '../system/held.ts';
import { run } from '../system/run.ts';
import type { Argv, Finished, RunOptions } from '../system/system.ts';
import { type EngineRoom, furnishRoom } from './engine-room.ts';
import { importImage } from './image.ts';
import type { Namespace } from './namespace.ts';
import type { World } from './world.ts';

const START_MS = 40_000;
const STOP_MS = 30_000;
const POLL_MS = 50;

export interface EngineOptions {
  /** Further flags of dockerd. */
  readonly flags?: readonly string[];
  /** Runs containers in a user namespace, as `--userns-remap=default` does. */
  readonly usernsRemap?: boolean;
}

/** A real Docker engine in the world's host namespace, with everything it owns in a private folder. */
export interface Engine {
  /** For DOCKER_HOST: `unix:///...`. */
  readonly address: string;
  /** dockerd's `--exec-root`; its `netns` folder is visible through `enter` only. */
  readonly execRoot: string;
  /** Whether the command line can build with BuildKit (newer ones need a plugin). */
  readonly buildKit: boolean;
  /** Runs the docker command line against this engine; 120 s unless given. */
  docker(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** As `docker`, but throws PortfenceError with docker's words where it fails. Gives standard output, trimmed. */
  expect(args: readonly string[], options?: RunOptions): Promise<string>;
  /** The same command, run in the engine's mount, process and network namespaces. */
  enter(argv: Argv): Argv;
  /** A running container's network namespace, for commands of this machine. */
  inContainer(container: string): Promise<Pick<Namespace, 'run' | 'enter'>>;
  /** Makes an image of this machine's busybox and curl; gives its name. No registry is asked. */
  importImage(name?: string): Promise<string>;
  /** Starts a stopped engine again, with the same data. */
  start(): Promise<void>;
  /** Stops the engine in an orderly way; containers end, networks and images stay for the next start. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** What dockerd wrote so far. */
  log(): Promise<string>;
  /** Ends engine and containers at once and removes their data. The world does it too when it closes. */
  close(): Promise<void>;
}

/** Starts an engine, in about two seconds. Throws PortfenceError with the end of its log where it does not come up. */
export function startEngine(world: World, options: EngineOptions = {}): Promise<Engine> {
  return furnishRoom(world, (room, close) => engineIn(room, world.host, options, close));
}

async function engineIn(
  room: EngineRoom,
  host: Namespace,
  { flags = [], usernsRemap = false }: EngineOptions,
  close: () => Promise<void>,
): Promise<Engine> {
  const file = (name: string): string => join(room.folder, name);
  const address = `unix://${file('docker.sock')}`;
  const execRoot = file('exec');
  const client = await findClient();
  const environment = { DOCKER_HOST: address, DOCKER_CONFIG: file('client') };
  // The network namespace comes first: its path means the machine's /proc, not the room's.
  const enter = (argv: Argv): Argv => host.enter(room.enter(argv));
  const daemon: Argv = [
    'dockerd',
    ...['--host', address, '--config-file', file('daemon.json'), '--pidfile', file('pid')],
    ...['--data-root', file('data'), '--exec-root', execRoot],
    ...['--cgroup-parent', `/${room.cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ...(usernsRemap ? ['--userns-remap', 'default'] : []),
    ...flags,
  ];
  await writeFile(file('daemon.json'), '{}\n');
  const docker: Engine['docker'] = (args, more = {}) =>
    run([client, ...args], { timeoutMs: 120_000, ...more, env: { ...environment, ...more.env } });
  const expect: Engine['expect'] = async (args, more) => {
    const { code, stdout, stderr } = await docker(args, more);
    if (code !== 0) throw new PortfenceError('SYSTEM', `docker ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const log = (): Promise<string> => readFile(file('log'), 'utf8').catch(() => '');

  let running: Logged | undefined;
  const start = async (): Promise<void> => {
    const started = await startLogged(enter(daemon), file('log'));
    running = started;
    let over = false;
    void started.ended.then(() => {
      over = true;
    });
    const deadline = Date.now() + START_MS;
    while ((await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 5_000 })).code !== 0) {
      if (over || Date.now() > deadline) {
        const detail = (await log()).trim().split('\n').slice(-8).join('\n');
        throw new PortfenceError('SYSTEM', 'the Docker engine of the lab did not start', { detail });
      }
      await sleep(POLL_MS);
    }
  };
  const stop = async (): Promise<void> => {
    if (!running) return;
    const pid = (await readFile(file('pid'), 'utf8')).trim();
    await run(room.enter(['kill', '-TERM', pid]));
    const late = sleep(STOP_MS, 'late', { ref: false });
    if ((await Promise.race([running.ended, late])) === 'late')
      throw new PortfenceError('SYSTEM', `the Docker engine of the lab did not stop within ${STOP_MS} ms`);
    running = undefined;
  };
  await start();
  const engine: Engine = {
    address,
    execRoot,
    buildKit: await hasBuildKit(docker),
    docker,
    expect,
    enter,
    inContainer: async (container) => {
      const sandbox = await expect(['inspect', '--format', '{{.NetworkSettings.SandboxKey}}', container]);
      const inside = (argv: Argv): Argv => room.enter(['nsenter', `--net=${sandbox}`, '--', ...argv]);
      return { enter: inside, run: (argv, more) => run(inside(argv), more) };
    },
    importImage: (name) => importImage({ expect, folder: room.folder }, name),
    start,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
    log,
    close,
  };
  return engine;
}

/** The distribution's client fits its engine; another one may come first on PATH. */
async function findClient(): Promise<string> {
  const packaged = '/usr/bin/docker';
  return access(packaged, constants.X_OK).then(
    () => packaged,
    () => 'docker',
  );
}

async function hasBuildKit(docker: Engine['docker']): Promise<boolean> {
  const { stdout } = await docker(['version', '--format', '{{.Client.Version}}']);
  return Number.parseInt(stdout, 10) < 23 || (await docker(['buildx', 'version'])).code === 0;
}

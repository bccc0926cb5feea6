import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../errors.ts';
import { type LoggedChild, startLoggedChild } from '../system/child.ts';
import { run } from '../system/run.ts';
import type { Argv, CommandResult, RunOptions } from '../system/system.ts';
import { type EngineHost, withEngineHost } from './engine-host.ts';
import { importImage } from './image.ts';
import type { Namespace } from './namespace.ts';
import type { Testbed } from './testbed.ts';

const START_MS = 40_000;
const STOP_MS = 30_000;
const POLL_MS = 50;

/** How dockerd is started. */
export interface EngineOptions {
  /** Further flags of dockerd. */
  readonly flags?: readonly string[];
  /** Runs containers in a user namespace, as `--userns-remap=default` does. */
  readonly usernsRemap?: boolean;
  /** Also listens where dockerd does by itself, keeps its namespaces there, and has a /run whose later mounts reach containers. */
  readonly usualPaths?: boolean;
}

/** A real Docker engine in the testbed's host namespace, with everything it owns in a private folder. */
export interface Engine {
  /** For DOCKER_HOST: `unix:///...`. */
  readonly address: string;
  /** dockerd's `--exec-root`; its `netns` folder is visible through `enter` only. */
  readonly execRoot: string;
  /** Whether the command line can build with BuildKit (newer ones need a plugin). */
  readonly buildKit: boolean;
  /** Runs the docker command line against this engine; 120 s unless given. */
  docker(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
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
  /** Ends engine and containers at once and removes their data. The testbed does it too when it closes. */
  close(): Promise<void>;
}

/** Starts an engine, in about two seconds. Throws PortfenceError with the end of its log where it does not come up. */
export function startEngine(testbed: Testbed, options: EngineOptions = {}): Promise<Engine> {
  return withEngineHost(testbed, (engineHost, close) => engineIn(engineHost, testbed.host, options, close));
}

async function engineIn(
  engineHost: EngineHost,
  host: Namespace,
  { flags = [], usernsRemap = false, usualPaths = false }: EngineOptions,
  close: () => Promise<void>,
): Promise<Engine> {
  const file = (name: string): string => join(engineHost.folder, name);
  const address = `unix://${file('docker.sock')}`;
  const execRoot = usualPaths ? '/run/docker' : file('exec');
  const client = await findClient();
  const environment = { DOCKER_HOST: address, DOCKER_CONFIG: file('client') };
  // The network namespace comes first: its path means the machine's /proc, not the engine host's.
  const enter = (argv: Argv): Argv => host.enter(engineHost.enter(argv));
  const daemon: Argv = [
    'dockerd',
    ...['--host', address, '--config-file', file('daemon.json'), '--pidfile', file('pid')],
    ...['--data-root', file('data'), '--exec-root', execRoot],
    ...['--cgroup-parent', `/${engineHost.cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ...(usernsRemap ? ['--userns-remap', 'default'] : []),
    ...(usualPaths ? ['--host', 'unix:///run/docker.sock'] : []),
    ...flags,
  ];
  await writeFile(file('daemon.json'), '{}\n');
  if (usualPaths) await run(engineHost.enter(['mount', '--make-rshared', '/run']));
  const docker: Engine['docker'] = (args, more = {}) =>
    run([client, ...args], { timeoutMs: 120_000, ...more, env: { ...environment, ...more.env } });
  const expect: Engine['expect'] = async (args, more) => {
    const { code, stdout, stderr } = await docker(args, more);
    if (code !== 0) throw new PortfenceError('SYSTEM', `docker ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const log = (): Promise<string> => readFile(file('log'), 'utf8').catch(() => '');

  let running: LoggedChild | undefined;
  const start = async (): Promise<void> => {
    const started = await startLoggedChild(enter(daemon), file('log'));
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
    await run(engineHost.enter(['kill', '-TERM', pid]));
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
      const inside = (argv: Argv): Argv => engineHost.enter(['nsenter', `--net=${sandbox}`, '--', ...argv]);
      return { enter: inside, run: (argv, more) => run(inside(argv), more) };
    },
    importImage: (name) => importImage({ expect, folder: engineHost.folder }, name),
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

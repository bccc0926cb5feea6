import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PortfenceError } from '../errors.ts';
import { type LoggedChild, startLoggedChild } from '../system/child.ts';
import { run } from '../system/run.ts';
import type { Argv, CommandResult, RunOptions } from '../system/system.ts';
import { type EngineHost, withEngineHost } from './engine-host.ts';
import { importImage } from './image.ts';
import type { Namespace } from './namespace.ts';
import { bootCommand } from './systemd-init.ts';
import { type Suite, systemdTree } from './systemd-tree.ts';
import type { Testbed } from './testbed.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
/** Where this process's Node is found inside: in no folder of PATH, as on a host without Node. */
export const NODE = '/opt/node';
/** Where the checkout is found inside. */
const PORTFENCE = '/opt/portfence';
const BOOT_MS = 60_000;
const OFF_MS = 60_000;
const POLL_MS = 50;

/** A host with a real systemd as its first process, and Docker as its package brings it, in the testbed's host namespace. */
export interface SystemdHost {
  /** The same command, run inside. Valid until the next `powerOff`. */
  enter(argv: Argv): Argv;
  /** Runs a command inside; 60 s unless given. */
  run(argv: Argv, options?: RunOptions): Promise<CommandResult>;
  /** As `run`, but throws PortfenceError with the command's own words where it fails. Gives standard output, trimmed. */
  expect(argv: Argv, options?: RunOptions): Promise<string>;
  /** Runs this checkout's portfence inside. */
  portfence(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** A running container's network namespace, for commands of this machine. */
  inContainer(container: string): Promise<Pick<Namespace, 'run' | 'enter'>>;
  /** Makes the lab's image; gives its name. */
  importImage(): Promise<string>;
  /** Settles when every start job is done; gives `running`, or `degraded` where a unit failed. */
  boot(): Promise<string>;
  /** Shuts down in an orderly way. Files stay for the next `boot`; everything else is gone. */
  powerOff(): Promise<void>;
  /** What systemd wrote to its console. */
  console(): Promise<string>;
  /** Ends everything at once and removes the files. The testbed does it too when it closes. */
  close(): Promise<void>;
}

/** What a host is made from. */
export interface SystemdHostOptions {
  readonly suite?: Suite | undefined;
  /** A file in the checkout that is portfence; unless given it is what was built, under this process's Node. */
  readonly executable?: string | undefined;
}

/** Boots a host, in a few seconds once the tree is built. Throws PortfenceError with the end of its log where it does not come up. */
export async function startSystemdHost(
  testbed: Testbed,
  { suite, executable }: SystemdHostOptions = {},
): Promise<SystemdHost> {
  const tree = await systemdTree(suite);
  const command: Argv = executable
    ? [join(PORTFENCE, relative(CHECKOUT, executable))]
    : [NODE, join(PORTFENCE, 'bin/portfence')];
  return withEngineHost(testbed, async (engineHost, close) => {
    const host = await hostIn(engineHost, { network: testbed.host, tree, command }, close);
    await host.boot();
    return host;
  });
}

async function hostIn(
  engineHost: EngineHost,
  { network, tree, command }: { readonly network: Namespace; readonly tree: string; readonly command: Argv },
  close: () => Promise<void>,
): Promise<SystemdHost> {
  const root = await prepareRoot(engineHost, tree);
  const log = join(engineHost.folder, 'console');
  let running: { readonly logged: LoggedChild; readonly pid: number } | undefined;
  const first = (): number => {
    if (!running) throw new PortfenceError('STATE', "the lab's host is switched off");
    return running.pid;
  };
  const enter = (argv: Argv): Argv => {
    const flags = ['--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup'];
    return ['nsenter', '--target', String(first()), ...flags, '--', ...argv];
  };
  const console = (): Promise<string> => readFile(log, 'utf8').catch(() => '');
  const inside: SystemdHost['run'] = (argv, options) => run(enter(argv), { timeoutMs: 60_000, ...options });
  const expect: SystemdHost['expect'] = async (argv, options) => {
    const { code, stdout, stderr } = await inside(argv, options);
    if (code !== 0)
      throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${(stderr || stdout).trim()}`);
    return stdout.trim();
  };
  const boot = async (): Promise<string> => {
    const logged = await startLoggedChild(network.enter(engineHost.enter(bootCommand(root, engineHost.cgroup))), log);
    let over = false;
    void logged.ended.then(() => {
      over = true;
    });
    const deadline = Date.now() + BOOT_MS;
    while (!over && Date.now() < deadline) {
      const pid = await firstProcess(logged.pid);
      if (pid !== undefined) running = { logged, pid };
      const state = running ? (await inside(['systemctl', 'is-system-running'])).stdout.trim() : '';
      if (state === 'running' || state === 'degraded') return state;
      await sleep(POLL_MS);
    }
    const detail = (await console()).trim().split('\n').slice(-12).join('\n');
    throw new PortfenceError('SYSTEM', "the lab's systemd did not come up", { detail });
  };
  const powerOff = async (): Promise<void> => {
    if (!running) return;
    await inside(['systemctl', 'poweroff']);
    if ((await Promise.race([running.logged.ended, sleep(OFF_MS, 'late', { ref: false })])) === 'late')
      throw new PortfenceError('SYSTEM', `the lab's systemd did not power off within ${OFF_MS} ms`);
    running = undefined;
  };
  return {
    enter,
    run: inside,
    expect,
    portfence: (args, options) => inside([...command, ...args], { timeoutMs: 120_000, ...options }),
    inContainer: async (container) => {
      const sandbox = await expect(['docker', 'inspect', '--format', '{{.NetworkSettings.SandboxKey}}', container]);
      const file = `/proc/${first()}/root${sandbox.replace(/^\/var\/run\//, '/run/')}`;
      const within = (argv: Argv): Argv => ['nsenter', `--net=${file}`, '--', ...argv];
      return { enter: within, run: (argv, options) => run(within(argv), options) };
    },
    importImage: () =>
      importImage({
        folder: join(engineHost.folder, 'lab'),
        expect: (args) =>
          expect(['docker', ...args.map((arg) => arg.replace(join(engineHost.folder, 'lab'), '/srv/lab'))]),
      }),
    boot,
    powerOff,
    console,
    close,
  };
}

/** A private copy of the tree (a layer in memory over it), with Docker's data, this Node and this checkout in their places. */
async function prepareRoot(engineHost: EngineHost, tree: string): Promise<string> {
  const memory = join(engineHost.folder, 'host');
  const root = join(memory, 'root');
  const shared = ['docker', 'lab'] as const;
  for (const name of shared) await mkdir(join(engineHost.folder, name));
  const steps: readonly Argv[] = [
    ['mkdir', memory],
    ['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', memory],
    ['mkdir', root, join(memory, 'upper'), join(memory, 'work')],
    [
      'mount',
      '-t',
      'overlay',
      '-o',
      `lowerdir=${tree},upperdir=${memory}/upper,workdir=${memory}/work`,
      'overlay',
      root,
    ],
    ['mkdir', '-p', `${root}/var/lib/docker`, `${root}/srv/lab`, `${root}${PORTFENCE}`],
    ['touch', `${root}${NODE}`],
    ['mount', '--bind', join(engineHost.folder, 'docker'), `${root}/var/lib/docker`],
    ['mount', '--bind', join(engineHost.folder, 'lab'), `${root}/srv/lab`],
    ['mount', '--bind', process.execPath, `${root}${NODE}`],
    ['mount', '--bind', CHECKOUT, `${root}${PORTFENCE}`],
    ['mount', '-o', 'remount,bind,ro', `${root}${PORTFENCE}`],
  ];
  for (const argv of steps) {
    const { code, stderr } = await run(engineHost.enter(argv));
    if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
  }
  return root;
}

/** The first process of the innermost process namespace that was started below `pid`, as numbered here. */
async function firstProcess(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  if (numbers.length > 2 && numbers.at(-1) === '1') return pid;
  for (const child of await childrenOf(pid)) {
    const found = await firstProcess(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists
    .flatMap((list) => list.trim().split(' '))
    .filter(Boolean)
    .map(Number);
}

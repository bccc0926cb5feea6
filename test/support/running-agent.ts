import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import type { CommandLine } from './command-line.ts';

/** An agent that runs as a process. */
export interface RunningAgent {
  /** Everything that it has said so far. */
  words(): string;
  /** Binds namespaces to names in a folder, as an engine does, where the agent sees them. */
  mount(folder: string, namespaces: Readonly<Record<string, string>>): Promise<void>;
  /** The agent's process, as the machine counts. */
  pid(): Promise<number>;
  /** Closes the reading end of what it says. */
  stopListening(): void;
  /** Memory in use, in bytes. */
  memory(): Promise<number>;
  /** Does something while the agent is frozen, so that it comes too late for it. */
  frozen<T>(work: () => Promise<T>): Promise<T>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the built agent as a process inside `where`; with `ownMounts` whatever `mount` mounts goes with it. */
export async function startAgent(
  where: { enter(argv: Argv): Argv },
  portfence: Pick<CommandLine, 'argv'>,
  args: readonly string[],
  { ownMounts, env = {} }: { readonly ownMounts: boolean; readonly env?: Readonly<Record<string, string>> },
): Promise<RunningAgent> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const [first, ...rest] = ['env', ...variables, ...portfence.argv(['agent', ...args])] as const;
  const apart = ['unshare', '--mount', '--propagation', 'private', '--', first, ...rest] as const;
  // It ends with the test, however that ends.
  const lasting = ['setpriv', '--pdeathsig', 'KILL', '--', ...where.enter(ownMounts ? apart : [first, ...rest])];
  const [command = '', ...more] = lasting;
  const child = spawn(command, more, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      words += chunk.toString('utf8');
    });
  }
  /** `nsenter` into a process namespace waits beside the agent; elsewhere it has become the agent. */
  const agentPid = async (): Promise<number> => {
    const { stdout: name } = await run(['cat', `/proc/${child.pid}/comm`]);
    const { stdout: children } = await run(['cat', `/proc/${child.pid}/task/${child.pid}/children`]);
    return name.trim() === 'nsenter' ? Number(children.trim()) : (child.pid ?? 0);
  };
  const inside = async (...argv: Argv): Promise<void> => {
    const done = await run(['nsenter', `--mount=/proc/${child.pid}/ns/mnt`, '--', ...argv]);
    if (done.code !== 0) throw new Error(`${argv.join(' ')}: ${done.stderr}`);
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(await agentPid(), signal);
    await ended;
  };
  return {
    words: () => words,
    pid: agentPid,
    stopListening: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    mount: async (folder, namespaces) => {
      await inside('mkdir', '-p', folder);
      for (const [name, path] of Object.entries(namespaces)) {
        await inside('touch', `${folder}/${name}`);
        await inside('mount', '--bind', path, `${folder}/${name}`);
      }
    },
    memory: async () => {
      const { stdout } = await run(['cat', `/proc/${await agentPid()}/status`]);
      return Number(/VmRSS:\s+(\d+) kB/.exec(stdout)?.[1] ?? 0) * 1024;
    },
    frozen: async (work) => {
      const pid = await agentPid();
      process.kill(pid, 'SIGSTOP');
      try {
        return await work();
      } finally {
        // nsenter(1) stops with its child.
        for (const one of [pid, child.pid]) if (one) process.kill(one, 'SIGCONT');
      }
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

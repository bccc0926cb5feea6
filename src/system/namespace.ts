import { PortfenceError } from '../errors.ts';
import type { Argv, ChildHandle, CommandResult, RunOptions, System } from './system.ts';

/** A network namespace without a name, held by a process of ours. */
export interface Namespace {
  /** The process that holds it; `ip link set X netns PID` moves a link into it. */
  readonly pid: number;
  /** `/proc/PID/ns/net`, valid until `close`. */
  readonly path: string;
  /** The same command, run inside. The machine's files, users and processes stay as they are. */
  enter(argv: Argv): Argv;
  run(argv: Argv, options?: RunOptions): Promise<CommandResult>;
  /** As `run`, but throws PortfenceError with the command's own words where it fails. Gives standard output. */
  expect(argv: Argv, options?: RunOptions): Promise<string>;
  /** Starts a command that ends with its standard input (see `System.startChild`); `close` stops it too. */
  startChild(argv: Argv, extra?: Parameters<System['startChild']>[1]): Promise<ChildHandle>;
  /** Ends what was held here, last first, and then the namespace with its links and rules. */
  close(): Promise<void>;
}

/**
 * A new network namespace with only a loopback, up. It lasts as long as this process: killed in any way, the kernel removes
 * the namespace and all that is in it. Throws PortfenceError where the kernel refuses (no root).
 */
export async function createNamespace({ run, startChild }: Pick<System, 'run' | 'startChild'>): Promise<Namespace> {
  const holder = await startChild(['unshare', '--net', '--', 'cat']).catch((cause: unknown) => {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new PortfenceError('NOT_ROOT', "can't make a network namespace", { hint: 'run it as root', detail, cause });
  });
  const guests: Promise<ChildHandle>[] = [];
  const path = `/proc/${holder.pid}/ns/net`;
  const enter = (argv: Argv): Argv => ['nsenter', `--net=${path}`, '--', ...argv];
  const expect = async (argv: Argv, options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await run(enter(argv), options);
    if (code !== 0)
      throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${(stderr || stdout).trim()}`);
    return stdout;
  };
  try {
    await expect(['ip', 'link', 'set', 'lo', 'up']);
  } catch (error) {
    await holder.stop();
    throw error;
  }
  return {
    pid: holder.pid,
    path,
    enter,
    run: (argv, options) => run(enter(argv), options),
    expect,
    startChild: (argv, extra) => {
      const guest = startChild(enter(argv), extra);
      guests.push(guest); // Noted before it is ready, so that closing meanwhile waits for it.
      return guest;
    },
    close: async () => {
      await Promise.allSettled(guests.splice(0).map(async (guest) => (await guest).stop()));
      await holder.stop();
    },
  };
}

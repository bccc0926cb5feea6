import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { spawnError } from './errno.ts';
import { signalGroup, spawnOrFail, toolEnvironment } from './spawn.ts';
import type { Argv, CommandResult, RunOptions } from './system.ts';

const CODE = { timedOut: 124, tooLarge: 125, missing: 127 } as const;
const TIMEOUT_MS = 30_000;
const LARGEST_OUTPUT = 256 * 1024 * 1024;
/** Milliseconds after which a killed command counts as ended: the kernel may keep one in an uninterruptible wait. */
const BURIAL_MS = 1000;

/** See `Processes.run`. */
export function run(argv: Argv, options: RunOptions = {}): Promise<CommandResult> {
  const [command, ...args] = argv;
  // A process group of its own, so that a time-out ends the command with all that it started.
  const child = spawnOrFail(command, args, { env: toolEnvironment(options.env), stdio: 'pipe', detached: true });
  if (child instanceof Error) return notStarted(child, command);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => notStarted(error, command).then(resolve, reject));
    if (child.pid !== undefined) void collect(child, command, options).then(resolve);
  });
}

async function notStarted(cause: Error, command: string): Promise<CommandResult> {
  const error = spawnError(cause, command);
  if (error.code !== 'TOOL_MISSING') throw error;
  return { code: CODE.missing, stdout: '', stderr: error.message };
}

/** Why a command was killed by us. */
interface Killed {
  readonly code: number;
  readonly reason: string;
}

/** Gives the command its input and gathers its output until it has ended, or was killed. */
function collect(child: ChildProcess, command: string, options: RunOptions): Promise<CommandResult> {
  const { timeoutMs = TIMEOUT_MS, largestOutput = LARGEST_OUTPUT } = options;
  const out: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  let bytes = 0;
  let killed: Killed | undefined;
  return new Promise((resolve) => {
    const kill = (cause?: Killed): void => {
      killed ??= cause;
      signalGroup(child, 'SIGKILL');
      // A process that left the group may hold the other end open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      setTimeout(() => end(null, 'SIGKILL'), BURIAL_MS).unref();
    };
    const timer = setTimeout(
      () => kill({ code: CODE.timedOut, reason: `${command} did not end within ${timeoutMs} ms` }),
      timeoutMs,
    );
    const abort = (): void => kill();
    const stopForwarding = options.outlastsInterrupt ? undefined : forwardInterrupt(child);
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      stopForwarding?.();
      options.signal?.removeEventListener('abort', abort);
      const [stdout, stderr] = [out.stdout, out.stderr].map((chunks) => Buffer.concat(chunks).toString('utf8'));
      const reason = killed?.reason ?? (signal ? `${command} was ended by ${signal}` : '');
      resolve({
        code: killed?.code ?? code ?? 1,
        stdout: stdout ?? '',
        stderr: [stderr, reason].filter(Boolean).join('\n'),
      });
    };
    const keep = (name: 'stdout' | 'stderr', chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= largestOutput) out[name].push(chunk);
      else if (!killed) kill({ code: CODE.tooLarge, reason: `${command} wrote more than ${largestOutput} bytes` });
    };
    child.stdout?.on('data', (chunk: Buffer) => keep('stdout', chunk));
    child.stderr?.on('data', (chunk: Buffer) => keep('stderr', chunk));
    child.on('close', end);
    options.signal?.addEventListener('abort', abort);
    if (options.signal?.aborted) abort();
    child.stdin?.on('error', () => {}); // A command may end before it has read its input; its exit code says so.
    child.stdin?.end(options.input ?? '');
  });
}

/** Commands that run and that Ctrl-C ends. */
const interruptible = new Set<ChildProcess>();

/**
 * Ctrl-C reaches the foreground process group alone, which a command of ours is not in: it is passed on. Where nothing else
 * listens, the signal then ends us, as it would without a listener.
 */
function passOn(): void {
  for (const child of interruptible) signalGroup(child, 'SIGINT');
  if (process.listenerCount('SIGINT') > 1) return;
  process.off('SIGINT', passOn);
  process.kill(process.pid, 'SIGINT');
}

function forwardInterrupt(child: ChildProcess): () => void {
  if (interruptible.size === 0) process.on('SIGINT', passOn);
  interruptible.add(child);
  return () => {
    if (interruptible.delete(child) && interruptible.size === 0) process.off('SIGINT', passOn);
  };
}

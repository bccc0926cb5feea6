import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { PortfenceError } from '../errors.ts';
import { spawnError } from './errno.ts';
import { endOf, readLines, signalGroup, spawnOrFail, toolEnvironment } from './spawn.ts';
import type { Argv, ChildHandle, Coprocess, LineStream } from './system.ts';

/** Milliseconds that a command has to end by itself before it is killed. */
const PATIENCE_MS = 3_000;

/**
 * Runs the command beside itself and ends it when standard input ends, which the kernel does however we die. Its own copy of
 * standard output is closed, so that the stream ends with the command.
 */
const BOUND_TO_INPUT = `
"$@" </dev/null &
child=$!
exec >&-
read -r _
kill "$child" 2>/dev/null
wait "$child"
`;

/** See `Processes.streamCommand`. A command that can't be started has ended at once. */
export function streamCommand(argv: Argv, onLine: (line: string) => void): LineStream {
  const { child, ended } = startStream(['sh', '-c', BOUND_TO_INPUT, 'sh', ...argv], onLine);
  child?.stdout?.on('end', () => child.stdin?.destroy());
  child?.on('exit', () => signalGroup(child, 'SIGKILL')); // The shell was killed: its command must not stay.
  return { ended, stop: () => stopStream(child, ended) };
}

/** See `Processes.startCoprocess`. A command that can't be started has ended at once. */
export function startCoprocess(argv: Argv, onLine: (line: string) => void): Coprocess {
  const { child, ended } = startStream(argv, onLine);
  return {
    ended,
    write: (line) => {
      if (child?.stdin?.writable) child.stdin.write(`${line}\n`);
    },
    stop: () => {
      child?.kill('SIGTERM');
      return stopStream(child, ended);
    },
  };
}

interface Started {
  readonly child: ChildProcess | undefined;
  readonly ended: Promise<void>;
}

function startStream([command, ...args]: Argv, onLine: (line: string) => void): Started {
  const child = spawnOrFail(command, args, {
    env: toolEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true, // A process group of its own, so that all of it can be killed; Ctrl-C leaves it to our cleaning up.
  });
  if (child instanceof Error) return { child: undefined, ended: Promise.resolve() };
  child.stdin?.on('error', () => {}); // The command may end before it has read everything; `ended` says so.
  if (child.stdout) readLines(child.stdout, onLine);
  return { child, ended: endOf(child) };
}

async function stopStream(child: ChildProcess | undefined, ended: Promise<void>): Promise<void> {
  child?.stdin?.destroy();
  const impatient = setTimeout(() => child && signalGroup(child, 'SIGKILL'), PATIENCE_MS);
  await ended;
  clearTimeout(impatient);
}

/** See `Processes.startChild`. */
export function startChild(
  argv: Argv,
  extra: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<ChildHandle> {
  const [command, ...args] = argv;
  const child = spawnOrFail(command, args, {
    env: toolEnvironment(extra.env),
    stdio: 'pipe',
    detached: true, // Ctrl-C goes to the whole foreground group; the child must outlast our own cleaning up.
  });
  if (child instanceof Error) return Promise.reject(spawnError(child, command));
  const ended = endOf(child);
  let said = '';
  let complaint = '';
  child.stdin?.on('error', () => {});
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-4_000);
  });
  child.stdin?.write(`${extra.input ?? ''}\n`);
  return new Promise((resolve, reject) => {
    const { pid, stdout } = child;
    const listen = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      if (!said.includes('\n') || pid === undefined) return;
      stdout?.off('data', listen).resume();
      resolve({ pid, firstLine: said.slice(0, said.indexOf('\n')), ended, stop: () => stopStream(child, ended) });
    };
    stdout?.on('data', listen);
    child.on('error', (cause) => reject(spawnError(cause, command)));
    child.on('close', (code) =>
      reject(new PortfenceError('SYSTEM', `${command} ended with ${code}: ${complaint.trim() || 'no reason given'}`)),
    );
  });
}

/** A command in the background that writes to a file; it is not bound to our own life. */
export interface LoggedChild {
  readonly pid: number;
  readonly ended: Promise<number>;
  /** Lets this process end before the child does. */
  leave(): void;
}

/** Starts a command whose output is appended to `logPath`. Throws TOOL_MISSING or SYSTEM where it can't be started. */
export function startLoggedChild(
  argv: Argv,
  logPath: string,
  env: Readonly<Record<string, string>> = {},
): Promise<LoggedChild> {
  const [command, ...args] = argv;
  const log = openSync(logPath, 'a', 0o600);
  const child = spawnOrFail(command, args, { env: toolEnvironment(env), stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  if (child instanceof Error) return Promise.reject(spawnError(child, command));
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(spawnError(cause, command)));
    child.on('spawn', () => {
      if (child.pid !== undefined) resolve({ pid: child.pid, ended, leave: () => child.unref() });
    });
  });
}

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { PortfenceError } from '../errors.ts';
import { toolEnvironment } from './run.ts';
import type { Argv, Held } from './system.ts';

export type { Held } from './system.ts';

const PATIENCE_MS = 3_000;

/**
 * Starts a command that writes a line when it is ready and ends when its standard input does. We are the only ones who hold
 * that input open, so the kernel ends the command however we die. Throws what the command said where it ends early.
 */
export function hold(
  argv: Argv,
  extra: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Held> {
  const [command, ...args] = argv;
  const child = spawn(command, args, {
    env: toolEnvironment(extra.env),
    stdio: 'pipe',
    detached: true, // Ctrl-C goes to the whole foreground group; what we hold must outlast our own cleaning up.
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.stdin.destroy();
    const impatient = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(impatient);
  };
  let said = '';
  let complaint = '';
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-4_000);
  });
  child.stdin.write(`${extra.input ?? ''}\n`);
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('\n') && child.pid !== undefined)
        resolve({ pid: child.pid, greeting: said.slice(0, said.indexOf('\n')), ended, stop });
    });
    child.on('error', (cause) =>
      reject(new PortfenceError('TOOL_MISSING', `can't start ${command}: ${cause.message}`, { cause })),
    );
    child.on('close', (code) =>
      reject(new PortfenceError('SYSTEM', `${command} ended with ${code}: ${complaint.trim() || 'no reason given'}`)),
    );
  });
}

/** A command in the background that writes to a file; it is not bound to our own life. */
export interface Logged {
  readonly pid: number;
  readonly ended: Promise<number>;
}

/** Starts a command whose output is appended to `logPath`. Throws where it can't be started. */
export function startLogged(argv: Argv, logPath: string, env: Readonly<Record<string, string>> = {}): Promise<Logged> {
  const [command, ...args] = argv;
  const log = openSync(logPath, 'a', 0o600);
  const child = spawn(command, args, { env: toolEnvironment(env), stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new PortfenceError('TOOL_MISSING', `can't start ${command}: ${cause.message}`, { cause })),
    );
    child.on('spawn', () => {
      if (child.pid !== undefined) resolve({ pid: child.pid, ended });
    });
  });
}

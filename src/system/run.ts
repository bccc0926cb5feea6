import { spawn } from 'node:child_process';
import process from 'node:process';
import type { Argv, Finished, RunOptions } from './system.ts';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIMED_OUT = 124;
const NOT_FOUND = 127;

/** Administrators' tools live in sbin folders that a user's PATH may lack. English, so that messages can be recognised. */
export function toolEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = process.env['PATH'];
  return { ...process.env, PATH: path ? `${path}:${SYSTEM_PATH}` : SYSTEM_PATH, LC_ALL: 'C', ...extra };
}

/** Runs a command to its end. Never throws: a command that can't be started ends with code 127 and the reason on stderr. */
export function run(argv: Argv, options: RunOptions = {}): Promise<Finished> {
  const [command, ...args] = argv;
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: toolEnvironment(options.env),
      stdio: 'pipe',
      detached: options.outlastsInterrupt ?? false,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const abort = (): void => void child.kill('SIGKILL');
    options.signal?.addEventListener('abort', abort);
    if (options.signal?.aborted) abort();
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {}); // A command may end before it has read its input; its exit code tells.
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: NOT_FOUND, stdout: '', stderr: error.message });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      const text = Buffer.concat(stderr).toString('utf8');
      const ending = timedOut
        ? `${command} did not end within ${timeoutMs} ms`
        : signal
          ? `${command} was ended by ${signal}`
          : '';
      resolve({
        code: timedOut ? TIMED_OUT : (code ?? 1),
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: ending ? `${text}${text && '\n'}${ending}` : text,
      });
    });
    child.stdin.end(options.input ?? '');
  });
}

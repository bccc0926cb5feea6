import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { toolEnvironment } from './run.ts';
import type { Argv, Followed } from './system.ts';

/** Runs a command for as long as it is wanted and gives each line that it writes. It ends with us, however we die. */
export function follow(argv: Argv, onLine: (line: string) => void): Followed {
  const [command, ...args] = argv;
  const child = spawn(command, args, { env: toolEnvironment(), stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  readLines(child.stdout, onLine);
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
  child.stdin.on('error', () => {}); // It may end before we have written; `ended` tells.
  return {
    ended,
    write: (line) => {
      child.stdin.write(`${line}\n`);
    },
    stop: async () => {
      child.stdin.destroy();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The reader repeats its source's errors; an end for whatever reason is told by `ended`. */
function readLines(source: Readable, onLine: (line: string) => void): void {
  createInterface(source)
    .on('line', onLine)
    .on('error', () => {});
}

/** Reads a stream of lines over a unix socket (how container engines tell events) until it is stopped or breaks off. */
export function followSocket(socketPath: string, path: string, onLine: (line: string) => void): Followed {
  const call = request({ socketPath, path, headers: { host: 'localhost' } });
  const ended = new Promise<void>((resolve) => {
    call.on('error', () => resolve());
    call.on('close', () => resolve());
    call.on('response', (answer) => {
      answer.on('error', () => resolve());
      if (answer.statusCode !== 200) call.destroy();
      else readLines(answer, onLine);
    });
  });
  call.end();
  return {
    ended,
    write: () => {},
    stop: async () => {
      call.destroy();
      await ended;
    },
  };
}

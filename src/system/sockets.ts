import { access } from 'node:fs/promises';
import { request } from 'node:http';
import { readLines } from './spawn.ts';
import type { LineStream } from './system.ts';

const LARGEST_BODY = 64 * 1024 * 1024;

/** GET over a unix socket (how container engines are asked). Rejects on silence, a status other than 200, or a body that is no JSON. */
export async function getJson(socketPath: string, path: string, timeoutMs: number): Promise<unknown> {
  // A process's first HTTP request takes 20 ms, and most hosts have no second engine.
  await access(socketPath);
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path, headers: { host: 'localhost' }, signal: AbortSignal.timeout(timeoutMs) },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_BODY)
            call.destroy(new Error(`${socketPath} ${path}: the answer is larger than ${LARGEST_BODY} bytes`));
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode !== 200) return reject(new Error(`${socketPath} ${path}: HTTP ${answer.statusCode}`));
          try {
            resolve(JSON.parse(body));
          } catch (cause) {
            reject(new Error(`${socketPath} ${path}: the answer is not JSON`, { cause }));
          }
        });
      },
    );
    call.on('error', reject);
    call.end();
  });
}

/** Reads a stream of lines over a unix socket (how container engines tell events) until it is stopped or breaks off. */
export function streamSocket(socketPath: string, path: string, onLine: (line: string) => void): LineStream {
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
    stop: async () => {
      call.destroy();
      await ended;
    },
  };
}

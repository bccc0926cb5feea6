import { request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { HttpOutcome, HttpRequest } from './system.ts';

/** One request, no redirect followed, no proxy asked. Never throws for what the other side does. */
export function http({ method, url, ca, headers = {}, timeoutMs, largest }: HttpRequest): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    let connected = false;
    const options = { method, headers: { ...headers }, agent: false } as const;
    const call = url.startsWith('https:')
      ? requestSecurely(url, { ...options, ...(ca === undefined ? {} : { ca }) })
      : request(url, options);
    const end = (outcome: HttpOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
      call.destroy();
    };
    const fail = (error: NodeJS.ErrnoException): void =>
      end({ outcome: 'failed', code: error.code ?? '', reason: error.message });
    const timer = setTimeout(() => end({ outcome: 'silence', connected }), timeoutMs);
    call.on('error', fail);
    call.on('socket', (socket) =>
      socket.once('connect', () => {
        connected = true;
      }),
    );
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('error', fail);
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largest) end({ outcome: 'too-large' });
        else chunks.push(chunk);
      });
      answer.on('end', () =>
        end({ outcome: 'answer', status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.end();
  });
}

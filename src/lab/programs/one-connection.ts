import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Probe, ProbeResult } from '../connections.ts';

/** One connection of a probe; without a source port the kernel chooses one. */
export type One = Omit<Probe, 'sourcePorts'> & { readonly sourcePort: number | undefined };
const RESEND_MS = 400;

const timedOut: ProbeResult = { outcome: 'no answer', seen: undefined, error: undefined };
const failed = (error: NodeJS.ErrnoException): ProbeResult => ({
  outcome: 'failed',
  seen: undefined,
  error: error.code ?? error.message,
});
const answered = (words: string): ProbeResult => ({
  outcome: 'answered',
  seen: JSON.parse(words) as { address: string; port: number },
  error: undefined,
});

/** Opens the connection, waits for the server's word on how it is seen, and closes it. */
export function openOne(one: One): Promise<ProbeResult> {
  return one.protocol === 'tcp' ? overTcp(one) : overUdp(one);
}

function overTcp({ to, from, sourcePort, timeoutMs }: One): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({
      ...to,
      ...(from === undefined ? {} : { localAddress: from }),
      ...(sourcePort === undefined ? {} : { localPort: sourcePort }),
    });
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      // A reset leaves no TIME_WAIT, so that the same source port can be used again at once.
      if (result.outcome === 'answered') socket.resetAndDestroy();
      else socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(timedOut), timeoutMs);
    socket.once('data', (chunk) => finish(answered(chunk.toString('utf8'))));
    socket.on('error', (error) => finish(failed(error)));
  });
}

function overUdp({ to, from, sourcePort, timeoutMs }: One): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(to.host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    const send = (): void => socket.send('?\n', to.port, to.host);
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      clearInterval(again);
      socket.removeAllListeners('error').on('error', () => {});
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(timedOut), timeoutMs);
    const again = setInterval(() => send(), RESEND_MS);
    socket.on('error', (error) => finish(failed(error)));
    socket.once('message', (words) => finish(answered(words.toString('utf8'))));
    socket.bind({ port: sourcePort ?? 0, ...(from === undefined ? {} : { address: from }) }, send);
  });
}

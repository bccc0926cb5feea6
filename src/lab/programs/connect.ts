/**
 * Opens all the connections that standard input lists (JSON, see `Probe`) at the same time, waits for the server's word on
 * how each is seen, and prints one JSON list of results in the same order.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import type { Probe, ProbeResult } from '../connections.ts';

type One = Omit<Probe, 'sourcePorts'> & { readonly sourcePort: number | undefined };
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

const probes = JSON.parse(await text(process.stdin)) as Probe[];
const results = await Promise.all(
  probes.flatMap(({ sourcePorts, ...probe }) => {
    const ports = 'kernel' in sourcePorts ? Array.from({ length: sourcePorts.kernel }, () => undefined) : sourcePorts;
    const open = probe.protocol === 'tcp' ? overTcp : overUdp;
    return ports.map((sourcePort) => open({ ...probe, sourcePort }));
  }),
);
process.stdout.write(`${JSON.stringify(results)}\n`);

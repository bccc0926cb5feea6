import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Namespace } from '../../src/lab/namespace.ts';
import { PEER } from '../../src/lab/topology.ts';

const ECHO = `
const net = require('net'), dgram = require('dgram'), [word, ...hosts] = process.argv.slice(1), port = Number(word);
let starting = hosts.length * 2;
const up = () => --starting || console.log('ready');
for (const host of hosts) {
  net.createServer((s) => { s.on('error', () => {}); s.pipe(s); }).listen({ host, port }, up);
  const udp = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (m, from) => udp.send(m, from.port, from.address)).bind(port, host, up);
}
process.stdin.on('end', () => process.exit()).resume();`;

const CLIENTS = `
const net = require('net'), dgram = require('dgram'), [host, port, protocol, ports] = process.argv.slice(1);
const open = {
  tcp: (localPort) => new Promise((done) => {
    const s = net.connect({ host, port: Number(port), localPort });
    s.setNoDelay(true).on('error', (e) => console.error(String(e))).on('connect', () => done({ send: (w) => s.write(w), on: (f) => s.on('data', f) }));
  }),
  udp: (localPort) => new Promise((done) => {
    const s = dgram.createSocket(host.includes(':') ? { type: 'udp6', ipv6Only: true } : 'udp4');
    s.on('error', (e) => console.error(String(e))).bind(localPort, () => s.connect(Number(port), host, () => done({ send: (w) => s.send(w), on: (f) => s.on('message', f) })));
  }),
}[protocol];
Promise.all(ports.split(',').map((p) => open(Number(p)))).then((all) => {
  let answered = new Set(), round = 0;
  all.forEach((one, i) => one.on((m) => { if (String(m).includes('round ' + round + ';')) answered.add(i); }));
  require('readline').createInterface(process.stdin).on('line', () => {
    round++; answered = new Set();
    const give = () => { clearInterval(tick); console.log(answered.size); };
    const end = Date.now() + 3000;
    all.forEach((one) => one.send('round ' + round + ';'));
    const tick = setInterval(() => { if (answered.size === all.length || Date.now() > end) give(); }, 10);
  }).on('close', () => process.exit());
  console.log('ready');
});`;

interface Talking {
  /** Sends the line and gives the next line of output. */
  ask(line: string): Promise<string>;
  close(): Promise<void>;
}

async function talk(from: Pick<Namespace, 'enter'>, code: string, args: readonly string[]): Promise<Talking> {
  const [command, ...rest] = from.enter([process.execPath, '-e', code, '--', ...args]);
  const child = spawn(command, rest, { stdio: 'pipe' });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8');
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  if ((await next()) !== 'ready') throw new Error(`the connections could not be opened: ${complaint}`);
  return {
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return next();
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

/** An echo server for TCP and UDP that runs until it is closed; on the peer's own addresses unless others are given. */
export function echoServer(
  at: Pick<Namespace, 'enter'>,
  port: number,
  { addresses }: { addresses: readonly string[] } = { addresses: [PEER.ipv4, PEER.ipv6] },
): Promise<{ close(): Promise<void> }> {
  return talk(at, ECHO, [String(port), ...addresses]);
}

/** Connections that stay open; `alive` gives how many of them still exchange data. */
export async function holdConnections(
  from: Pick<Namespace, 'enter'>,
  to: { host: string; port: number; protocol: 'tcp' | 'udp'; sourcePorts: readonly number[] },
): Promise<{ alive(): Promise<number>; close(): Promise<void> }> {
  const held = await talk(from, CLIENTS, [to.host, String(to.port), to.protocol, to.sourcePorts.join(',')]);
  return { alive: async () => Number(await held.ask('go')), close: held.close };
}

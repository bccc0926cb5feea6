/**
 * A machine of a test's testbed. Servers on all its addresses tell each client the address and port that they see it from, and
 * who they are. Each line of standard input asks for something, each answer is a line of JSON: `{"send":[FLOW...],"hold":BOOL}`
 * what the servers saw of each flow, null without an answer; `{"held":true}` whether each held one still carries words.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import process from 'node:process';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 8000;
const AGAIN_MS = 1000;
const [name, serves] = process.argv.slice(2);
const seen = (address, port) => `${JSON.stringify({ address: address.replace(/^::ffff:/, ''), port, at: name })}\n`;

async function serveTcp(port) {
  const tell = (socket) => {
    const told = seen(socket.remoteAddress ?? '', socket.remotePort);
    socket.on('error', () => {}).on('data', () => socket.write(told));
    socket.write(told);
  };
  await once(createServer(tell).listen({ port, host: '::' }), 'listening');
}

// One socket an address: a socket for all of them would answer from the first, whichever was asked.
async function serveUdp(port, address) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (_, from) => socket.send(seen(from.address, from.port), from.port, from.address));
  socket.on('error', () => {}).bind(port, address);
  await once(socket, 'listening');
}

/** Gives the first answer to `say` and keeps the way open; null where none comes in time. */
function asked({ say, on, close }) {
  return new Promise((resolve) => {
    const end = (answer) => {
      clearInterval(again);
      clearTimeout(late);
      if (answer === null) close();
      resolve(answer);
    };
    const again = setInterval(say, AGAIN_MS);
    const late = setTimeout(() => end(null), PATIENCE_MS);
    on(end);
    say();
  });
}

function open({ over, to, port, source, localPort }) {
  let answered = () => {};
  const on = (next) => {
    answered = next;
  };
  const take = (text) => answered(JSON.parse(String(text).split('\n')[0]));
  if (over === 'tcp') {
    const socket = connect({ host: to, port, localAddress: source, localPort });
    socket.on('data', take).on('error', () => answered(null));
    return { on, say: () => socket.write('.'), close: () => socket.destroy() };
  }
  const socket = createSocket(isIPv6(to) ? { type: 'udp6', ipv6Only: true } : 'udp4');
  socket.on('message', take).on('error', () => answered(null));
  socket.bind(localPort, source);
  return { on, say: () => socket.send('.', port, to), close: () => socket.close() };
}

let held = [];
async function send({ send: flows, hold }) {
  const ways = flows.map(open);
  const answers = await Promise.all(ways.map(asked));
  const answering = ways.filter((_, i) => answers[i] !== null);
  if (hold) held = ways.map((way, i) => (answers[i] === null ? undefined : way));
  else for (const way of answering) way.close();
  return answers;
}

async function alive() {
  const answers = await Promise.all(held.map((way) => (way ? asked(way) : null)));
  held.forEach((way, i) => {
    if (answers[i] !== null) way.close();
  });
  held = [];
  return answers.map((answer) => answer !== null);
}

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
const isOwn = ({ address, scopeid }) => !/^(127|169)\./.test(address) && address !== '::1' && !scopeid;
const own = addresses.filter(isOwn).map(({ address }) => address);
if (serves === 'serves') {
  const udp = own.flatMap((address) => [53, 3478].map((port) => serveUdp(port, address)));
  await Promise.all([...[80, 443].map(serveTcp), ...udp]);
}
process.stdout.write('"ready"\n');
createInterface(process.stdin)
  .on('line', async (line) => {
    const order = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(order.held ? await alive() : await send(order))}\n`);
  })
  .on('close', () => process.exit());

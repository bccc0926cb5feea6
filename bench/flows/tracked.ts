import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';

const TRACKED = 1_000_000;
const SOCKETS = 40;
/** How many entries the whole machine may have (262,144 by default); namespaces can't set it. */
const LIMIT = '/proc/sys/net/netfilter/nf_conntrack_max';
/** Room for what the machine itself tracks. */
const OTHERS = 60_000;

/** Datagrams to so many services, some thousand at a time. */
const SENDER = `
const dgram = require('dgram'), [count, sockets] = process.argv.slice(1).map(Number);
(async () => {
  const all = [];
  for (let i = 0; i < sockets; i++) {
    const s = dgram.createSocket('udp4');
    await new Promise((done) => s.bind(50000 + i, done));
    s.on('error', () => {}); all.push(s);
  }
  for (let i = 0; i < count; i++) {
    const to = Math.floor(i / sockets);
    const sent = new Promise((done) => all[i % sockets].send('x', 5000, '203.' + (to >> 8) + '.113.' + (to & 255), done));
    if (i % 500 === 0 || i > count - 500) await sent;
  }
  process.exit();
})();`;

export interface TrackedNamespace {
  readonly namespace: Namespace;
  readonly entries: number;
  /** Removes the namespace, and gives the machine its limit back. */
  close(): Promise<void>;
}

/** A namespace whose kernel tracks a million connections for an hour, or as many as the machine allows. */
export async function trackedNamespace(): Promise<TrackedNamespace> {
  const namespace = await createNamespace();
  let limit: Limit | undefined;
  const close = async (): Promise<void> => {
    await namespace.close();
    limit?.restore();
  };
  try {
    await prepare(namespace);
    limit = raiseLimit(TRACKED + OTHERS);
    const count = Math.min(TRACKED, limit.now - OTHERS);
    const sender = [process.execPath, '-e', SENDER, '--', String(count), String(SOCKETS)] as const;
    await namespace.expect(sender, { timeoutMs: 300_000 });
    const entries = Number(await namespace.expect(['cat', '/proc/sys/net/netfilter/nf_conntrack_count']));
    return { namespace, entries, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Limit {
  readonly now: number;
  restore(): void;
}

/** The limit as it is then: who may not write it keeps the old one. */
function raiseLimit(wanted: number): Limit {
  const before = readFileSync(LIMIT, 'utf8');
  if (Number(before) >= wanted) return { now: Number(before), restore: () => {} };
  try {
    writeFileSync(LIMIT, String(wanted));
    return { now: wanted, restore: () => writeFileSync(LIMIT, before) };
  } catch {
    return { now: Number(before), restore: () => {} };
  }
}

async function prepare(namespace: Namespace): Promise<void> {
  const input = [
    'link add eth0 type veth peer name far',
    'addr add 10.0.1.10/24 dev eth0',
    'link set far up',
    'link set eth0 up',
    'route add default via 10.0.1.1',
    'neigh add 10.0.1.1 lladdr 02:00:00:00:00:01 dev eth0',
  ].join('\n');
  await namespace.expect(['ip', '-batch', '-'], { input });
  await namespace.expect(['nft', '-f', '-'], {
    input: 'table inet track { chain out { type filter hook output priority 0; ct state new accept; }; }\n',
  });
  await namespace.expect(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=3600']);
}

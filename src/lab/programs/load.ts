/**
 * Opens connections at a steady pace until standard input ends: kinds in turn, each towards its hosts in turn. Standard output
 * gets `ready`, then one JSON line (`LoadTally`) for what has ended since the last one.
 */
import process from 'node:process';
import type { LoadKind, LoadOrder, LoadTally } from '../load.ts';
import { openOne } from './one-connection.ts';

const TICK_MS = 50;
const TELL_MS = 500;
/** Prime, so that steps of it visit every port of a range before one comes again. */
const STRIDE = 7919;

const { perSecond, timeoutMs, seed, kinds } = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const opened = kinds.map(() => 0);
let tally: Record<string, LoadTally> = {};

function next(kind: LoadKind, count: number): { host: string; sourcePort: number | undefined } {
  const host = kind.hosts[count % kind.hosts.length] ?? '';
  if (!kind.bound) return { host, sourcePort: undefined };
  const size = kind.bound.to - kind.bound.from + 1;
  return { host, sourcePort: kind.bound.from + (((seed % size) + count * STRIDE) % size) };
}

async function open(index: number): Promise<void> {
  const kind = kinds[index];
  if (!kind) return;
  const count = opened[index] ?? 0;
  opened[index] = count + 1;
  const { host, sourcePort } = next(kind, count);
  const to = { host, port: kind.port };
  const { outcome, error } = await openOne({ protocol: kind.protocol, to, sourcePort, timeoutMs });
  const own = tally[kind.name] ?? { answered: 0, silent: 0, failed: {} };
  tally[kind.name] = own;
  if (outcome === 'answered') own.answered += 1;
  else if (outcome === 'no answer') own.silent += 1;
  else own.failed[error ?? ''] = (own.failed[error ?? ''] ?? 0) + 1;
}

const began = Date.now();
let begun = 0;
setInterval(() => {
  // After a pause the generator does not catch up with a flood.
  const due = Math.min(((Date.now() - began) / 1000) * perSecond, begun + perSecond / 4);
  for (; begun < due; begun += 1) void open(begun % kinds.length);
}, TICK_MS);
setInterval(() => {
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  tally = {};
}, TELL_MS);
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit(0)).resume();

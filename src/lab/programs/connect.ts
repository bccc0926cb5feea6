/**
 * Opens all the connections that standard input lists (JSON, see `Probe`) at the same time, waits for the server's word on
 * how each is seen, and prints one JSON list of results in the same order.
 */
import process from 'node:process';
import { text } from 'node:stream/consumers';
import type { Probe } from '../connections.ts';
import { openOne } from './one-connection.ts';

async function main(): Promise<void> {
  const probes = JSON.parse(await text(process.stdin)) as Probe[];
  const results = await Promise.all(
    probes.flatMap(({ sourcePorts, ...probe }) => {
      const ports = 'kernel' in sourcePorts ? Array.from({ length: sourcePorts.kernel }, () => undefined) : sourcePorts;
      return ports.map((sourcePort) => openOne({ ...probe, sourcePort }));
    }),
  );
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

void main();

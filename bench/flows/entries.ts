import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** 5,000 destinations of 60 containers. */
const [DESTINATIONS, CONTAINERS] = [5_000, 60];
const STATES = ['ESTABLISHED', 'TIME_WAIT', 'TIME_WAIT', 'SYN_SENT', 'FIN_WAIT'] as const;
const IN_ONE_WRITE = 10_000;

/** Writes so many entries as /proc/net/nf_conntrack has them; the same ones at each call. */
export async function writeEntries(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  for (let from = 0; from < count; from += IN_ONE_WRITE) {
    const lines = Array.from({ length: Math.min(IN_ONE_WRITE, count - from) }, (_, i) => `${entry(from + i)}\n`);
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

function entry(number: number): string {
  const random = Math.imul(number, 2_654_435_761) >>> 0;
  const place = random % DESTINATIONS;
  const destination = `203.${place >> 8}.113.${place & 255}`;
  const source = `172.17.0.${2 + (place % CONTAINERS)}`;
  const port = [443, 443, 80, 5432][random & 3];
  const [inner, outer] = [32_768 + (random % 28_000), 49_152 + (number % 11_849)];
  const state = STATES[(random >>> 4) % STATES.length] ?? 'ESTABLISHED';
  const answered = state !== 'SYN_SENT';
  return (
    `ipv4     2 tcp      6 ${random % 120} ${state} src=${source} dst=${destination} sport=${inner} dport=${port} ` +
    `${answered ? '' : '[UNREPLIED] '}src=${destination} dst=10.0.1.10 sport=${port} dport=${outer} ` +
    `${answered ? '[ASSURED] ' : ''}mark=0 zone=0 use=2`
  );
}

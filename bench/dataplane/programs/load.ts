/** Runs the load that is given as JSON (see `Load`) and prints what became of it (see `Loaded`). */
import process from 'node:process';
import type { Load, Loaded } from '../load.ts';
import { askOnce, openAndStay } from './ask-once.ts';
import { sendOnce } from './send-once.ts';
import { inTurns, openLoop } from './turns.ts';

const load = JSON.parse(process.argv[2] ?? '{}') as Load;

async function run(): Promise<Loaded> {
  switch (load.kind) {
    case 'paced':
      return openLoop(load, () => askOnce(load.to));
    case 'udp':
      return openLoop(load, () => sendOnce(load.to));
    case 'closed':
      return inTurns(load, () => askOnce(load.to));
    case 'held':
      return openAndStay(load);
  }
}

// What is held stays open until the process ends, which must not wait for it.
process.stdout.write(`${JSON.stringify(await run())}\n`, () => process.exit(0));

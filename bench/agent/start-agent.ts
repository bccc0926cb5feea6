import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { portsText } from '../../src/ports.ts';
import { startLoggedChild } from '../../src/system/child.ts';
import type { Argv } from '../../src/system/system.ts';

/** The built command. */
export const LAUNCHER = fileURLToPath(new URL('../../bin/portfence', import.meta.url));
/** The lab's range, as a flag takes it. */
export const PORTS = portsText(LAB_PORTS);
const PATIENCE_MS = 20_000;

/** A folder for what portfence remembers of a testbed; it goes with the testbed. */
export async function stateFolder(testbed: Testbed): Promise<string> {
  const folder = await makeLabFolder();
  testbed.onClose(folder.remove);
  return folder.path;
}

/** An agent under measurement. */
export interface BenchAgent {
  /** The first process of the agent, as the machine counts. */
  readonly pid: number;
  readonly stateFolder: string;
}

/**
 * Starts the built agent on the lab's range and waits until the fence stands. `enter` leads to where it is to run; it must be
 * the same network namespace as the testbed's host. It ends with the testbed.
 */
export async function startBenchAgent(
  testbed: Testbed,
  { enter, flags }: { readonly enter: (argv: Argv) => Argv; readonly flags: readonly string[] },
): Promise<BenchAgent> {
  const state = await stateFolder(testbed);
  const log = join(state, 'agent.log');
  const command = [process.execPath, LAUNCHER, 'agent', '--ports', PORTS, ...flags];
  const started = await startLoggedChild(enter(['env', `PORTFENCE_STATE_DIR=${state}`, ...command]), log);
  testbed.onClose(async () => {
    try {
      process.kill(started.pid, 'SIGTERM');
    } catch {
      return; // It has ended.
    }
    await Promise.race([started.ended, sleep(3000, undefined, { ref: false })]);
  });
  const deadline = Date.now() + PATIENCE_MS;
  while ((await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine'])).code !== 0) {
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', 'the agent did not make a fence');
    await sleep(50);
  }
  return { pid: started.pid, stateFolder: state };
}

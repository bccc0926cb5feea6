import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PortfenceError } from '../../src/errors.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import type { World } from '../../src/lab/world.ts';
import { portsText } from '../../src/ports.ts';
import { startLogged } from '../../src/system/held.ts';
import type { Argv } from '../../src/system/system.ts';

export const LAUNCHER = fileURLToPath(new URL('../../bin/portfence', import.meta.url));
export const PORTS = portsText(LAB_PORTS);
const PATIENCE_MS = 20_000;

/** A folder for what portfence remembers of a world; it goes with the world. */
export async function stateFolder(world: World): Promise<string> {
  const folder = await makeLabFolder();
  world.onClose(folder.remove);
  return folder.path;
}

export interface RaisedAgent {
  /** The first process of the agent, as the machine counts. */
  readonly pid: number;
  readonly stateFolder: string;
}

/**
 * Starts the built agent on the lab's range and waits until the fence stands. `enter` leads to where it is to run; it must be
 * the same network namespace as the world's host. It ends with the world.
 */
export async function raiseAgent(
  world: World,
  { enter, flags }: { readonly enter: (argv: Argv) => Argv; readonly flags: readonly string[] },
): Promise<RaisedAgent> {
  const state = await stateFolder(world);
  const log = join(state, 'agent.log');
  const command = [process.execPath, LAUNCHER, 'agent', '--ports', PORTS, ...flags];
  const started = await startLogged(enter(['env', `PORTFENCE_STATE_DIR=${state}`, ...command]), log);
  world.onClose(async () => {
    try {
      process.kill(started.pid, 'SIGTERM');
    } catch {
      return; // It has ended.
    }
    await Promise.race([started.ended, sleep(3000, undefined, { ref: false })]);
  });
  const deadline = Date.now() + PATIENCE_MS;
  while ((await world.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine'])).code !== 0) {
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', 'the agent did not make a fence');
    await sleep(50);
  }
  return { pid: started.pid, stateFolder: state };
}

import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { readAgentStatus } from './agent-status-file.ts';
import { drain, type Removed, remove } from './remove.ts';
import { readState, stateFolder } from './state.ts';

interface WaitOptions {
  readonly say: (line: string) => void;
  /** Does what the end of an agent leaves to be done, once no agent runs. */
  readonly meanwhile: () => Promise<void>;
}

/**
 * Takes the fence away, and comes back when the last mapped connection has ended and an agent that runs here has learnt of
 * it. Throws SYSTEM where connections can't be seen, and what `remove` throws.
 */
export async function removeAndWait(system: System, options: WaitOptions): Promise<Removed> {
  const { say, meanwhile } = options;
  const removed = await remove(system, { now: false, say });
  await meanwhile();
  if (removed.draining === 0) {
    await untilLearnt(system, options);
    return removed;
  }
  if (removed.draining === null)
    throw new PortfenceError('SYSTEM', "mapped connections can't be seen here, so their end can't be waited for", {
      hint: 'install the package conntrack, or cut them: portfence remove --now',
    });
  say(`waiting for ${removed.draining} mapped connections to end`);
  const { draining } = await readState(system, await stateFolder(system));
  if (draining) await drain(system, draining.token);
  await untilLearnt(system, options);
  return { ...removed, draining: 0 };
}

/** Milliseconds between two looks at an agent, and in all. */
const LOOK_MS = 200;
const LEARN_MS = 30_000;

/**
 * The removal is recorded for an agent that runs, which forgets it when it ends. One that is killed before would leave the record,
 * and the next agent here would keep to it.
 */
async function untilLearnt(system: System, { say, meanwhile }: WaitOptions): Promise<void> {
  for (let waited = 0; waited < LEARN_MS; waited += LOOK_MS) {
    const { removed } = await readState(system, await stateFolder(system));
    if (!removed) return;
    const agent = await readAgentStatus(system);
    if (agent?.state === 'removed') return;
    if (!agent) {
      await remove(system, { now: false, say });
      return meanwhile();
    }
    await system.sleep(LOOK_MS);
  }
}

import { type Fence, presentFences } from '../backends/fences.ts';
import { removeEmptied } from '../backends/iptables/emptied.ts';
import { observeNatChains } from '../backends/nat-chains.ts';
import { PortfenceError } from '../errors.ts';
import { unlessMissing } from '../observe/ask.ts';
import { type FlowEntry, hasMappedSource, observeAllFlows, observeFlows, trackedCount } from '../observe/conntrack.ts';
import { removeRateTable } from '../observe/rate-table.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { readAgentStatus } from './agent-status-file.ts';
import { commit } from './commit.ts';
import { locked } from './locked.ts';
import { readSetting } from './settings.ts';
import { forgetState, NO_STATE, readState, type State, writeState } from './state.ts';
import { writeSettings } from './write-settings.ts';

/** The hidden command that takes the drain chain away when the last mapped connection has ended. */
export const DRAIN_COMMAND = 'drain';

export interface Removed {
  /** Whether there was anything to remove. */
  readonly changed: boolean;
  /**
   * Mapped connections that still live; while there are any, an empty nat chain stays so that they go on. Null where neither the
   * kernel nor conntrack(8) tells them: then the chain stays until a removal that can see them, or one with `now`.
   */
  readonly draining: number | null;
  /** Settings that were changed since by others, and that stay as they are. */
  readonly leftAsTheyAre: readonly string[];
}

/**
 * Takes the fence away. New flows are mapped no more at once; connections that were mapped live on, if need be behind an
 * empty chain that goes by itself with the last of them. With `now` they are cut. Throws LOCKED, NOT_ROOT, KERNEL_REFUSED.
 */
export function remove(system: System, options: { now: boolean; say: (line: string) => void }): Promise<Removed> {
  return locked(system, options.say, async (folder) => {
    await removeRateTable(system); // An agent that was killed has left it.
    return takeAway(system, folder, await readState(system, folder), { now: options.now, startDrain: 'anew' });
  });
}

export interface TakeAwayOptions {
  /** Cuts mapped connections instead of letting them end. */
  readonly now: boolean;
  /** `anew`: a process that waits for the last connection is started also where one should wait already: it may be gone. */
  readonly startDrain?: 'once' | 'anew';
}

/** The same for a caller that holds the lock. */
export async function takeAway(
  system: System,
  folder: string,
  state: State,
  { now, startDrain = 'once' }: TakeAwayOptions,
): Promise<Removed> {
  const fences = await presentFences(system);
  const leftAsTheyAre = await restoreSettings(system, state);
  const removed = await removalRecord(system, state);
  const mapped = fences.length > 0 && !now ? await orphans(system, fences) : 0;
  if (mapped !== 0) {
    if (!state.draining) {
      for (const { backend, listing } of fences) await commit(system, backend.parts(backend.draining(listing)));
    }
    const { made } = state;
    const isNew = !state.draining || startDrain === 'anew';
    // A process with the token of before ends by itself.
    const token = isNew ? `${system.pid}-${system.now()}` : state.draining.token;
    const draining = { since: state.draining?.since ?? system.now(), token };
    await writeState(system, folder, { ...NO_STATE, ...(made ? { made } : {}), ...removed, draining });
    // A process that can't see connections would wait for ever.
    if (isNew && mapped !== undefined) await system.startDetached([DRAIN_COMMAND, token]);
    return { changed: !state.draining, draining: mapped ?? null, leftAsTheyAre };
  }
  for (const { backend, listing } of fences) await commit(system, backend.parts(backend.deletion(listing)));
  await removeEmptied(system, state.made ?? []);
  if (removed.removed) await writeState(system, folder, { ...NO_STATE, ...removed });
  else await forgetState(system, folder);
  return { changed: fences.length > 0 || state.wanted !== null, draining: 0, leftAsTheyAre };
}

/** An agent that runs learns of the removal from the state; where none runs nothing is to be left. */
async function removalRecord(system: System, { removed }: State): Promise<Pick<State, 'removed'>> {
  const agent = await readAgentStatus(system);
  if (!agent) return {};
  return { removed: removed ?? { at: system.now(), ...(agent.process === null ? {} : { agent: agent.process }) } };
}

/** Milliseconds between two looks at what still lives. */
const DRAIN_LOOK_MS = 5000;

/**
 * Waits until no mapped connection is left, then finishes the removal with this token unless it has been finished. An attempt
 * that fails (the lock is held, the kernel refuses) is made again. Throws NOT_ROOT.
 */
export async function drain(system: System, token: string): Promise<void> {
  while (!(await drained(system, token).catch(unlessRepeatable))) await system.sleep(DRAIN_LOOK_MS);
}

function drained(system: System, token: string): Promise<boolean> {
  return locked(
    system,
    () => {},
    async (folder) => {
      const state = await readState(system, folder);
      if (state.draining?.token !== token) return true;
      return (await takeAway(system, folder, state, { now: false })).draining === 0;
    },
  );
}

function unlessRepeatable(error: unknown): false {
  if (error instanceof PortfenceError && error.code !== 'NOT_ROOT') return false;
  throw error;
}

/** Restores what each setting was before us, unless its value is no longer one of ours. */
async function restoreSettings(system: System, state: State): Promise<readonly string[]> {
  const left: string[] = [];
  for (const [key, before] of Object.entries(state.before)) {
    const ours = state.ours[key] ?? [];
    const present = await readSetting(system, key);
    if (present === before) continue;
    if (!ours.includes(present)) left.push(`${key} is '${present}', which is not ours: it stays`);
    else await writeSettings(system, [{ key, to: before }]);
  }
  return left;
}

/** States in which a TCP connection carries nothing any more, though the kernel remembers it for minutes. */
const OVER = new Set(['TIME_WAIT', 'CLOSE']);

/** Connections with a mapped source that no nat chain of others in their family would carry on; undefined where they can't be seen. */
async function orphans(system: System, fences: readonly Fence[]): Promise<number | undefined> {
  const others = (await observeNatChains(system)).filter(
    (chain) => !fences.some(({ backend, listing }) => backend.ownsNat(chain, listing)),
  );
  const carried = (family: Family) =>
    others.some((chain) => chain.family === 'inet' || chain.family === (family === 'ipv4' ? 'ip' : 'ip6'));
  const uncarried = FAMILIES.filter((family) => !carried(family));
  if (uncarried.length === 0 || (await trackedCount(system)) === 0) return 0;
  const flows = (await unlessMissing(mappedFlows(system, uncarried))) ?? (await observeAllFlows(system));
  return flows?.filter(
    (flow) => uncarried.includes(flow.family) && hasMappedSource(flow) && !OVER.has(flow.state ?? ''),
  ).length;
}

async function mappedFlows(system: System, families: readonly Family[]): Promise<readonly FlowEntry[]> {
  return (await Promise.all(families.map((family) => observeFlows(system, ['-f', family, '--src-nat'])))).flat();
}

import { observeFlows } from '../observe/conntrack.ts';
import { FAMILIES, type Family } from '../ports.ts';
import { type Fence, presentFences } from '../survey/fences.ts';
import { observeNatChains } from '../survey/nat-chains.ts';
import { readSetting } from '../survey/settings.ts';
import { forgetState, NO_STATE, readState, type State, writeState } from '../survey/state.ts';
import type { System } from '../system/system.ts';
import { commit } from './commit.ts';
import { removeEmptied } from './emptied.ts';
import { locked } from './locked.ts';
import { writeSettings } from './settings.ts';

/** The hidden command that takes the drain chain away when the last mapped connection has ended. */
export const DRAIN_COMMAND = 'drain';

export interface Removed {
  /** Whether there was anything to remove. */
  readonly changed: boolean;
  /** Mapped connections that still live; while there are any, an empty nat chain stays so that they go on. */
  readonly draining: number;
  /** Settings that somebody else has changed since, and that stay as they are. */
  readonly leftAsTheyAre: readonly string[];
}

/**
 * Takes the fence away. New flows are mapped no more at once; connections that were mapped live on, if need be behind an
 * empty chain that goes by itself with the last of them. With `now` they are cut. Throws LOCKED, NOT_ROOT, KERNEL_REFUSED.
 */
export function remove(system: System, options: { now: boolean; say: (line: string) => void }): Promise<Removed> {
  return locked(system, options.say, async (folder) =>
    takeAway(system, folder, await readState(system, folder), { now: options.now }),
  );
}

/** The same for a caller that holds the lock. */
export async function takeAway(
  system: System,
  folder: string,
  state: State,
  { now }: { now: boolean },
): Promise<Removed> {
  const fences = await presentFences(system);
  const leftAsTheyAre = await restoreSettings(system, state);
  const mapped = fences.length > 0 && !now ? await orphans(system, fences) : 0;
  if (mapped > 0) {
    const token = state.draining?.token ?? `${system.pid}-${system.now()}`;
    if (!state.draining) {
      for (const { backend, listing } of fences) await commit(system, backend.parts(backend.draining(listing)));
    }
    const { made } = state;
    await writeState(system, folder, {
      ...NO_STATE,
      ...(made ? { made } : {}),
      draining: { since: system.now(), token },
    });
    if (!state.draining) await system.startDetached([DRAIN_COMMAND, token]);
    return { changed: !state.draining, draining: mapped, leftAsTheyAre };
  }
  for (const { backend, listing } of fences) await commit(system, backend.parts(backend.deletion(listing)));
  await removeEmptied(system, state.made ?? []);
  await forgetState(system, folder);
  return { changed: fences.length > 0 || state.wanted !== null, draining: 0, leftAsTheyAre };
}

/** Milliseconds between two looks at what still lives. */
const DRAIN_LOOK_MS = 5000;

/** Waits until no mapped connection is left, then finishes the removal with this token unless somebody has done it. */
export async function drain(system: System, token: string): Promise<void> {
  for (;;) {
    const done = await locked(
      system,
      () => {},
      async (folder) => {
        const state = await readState(system, folder);
        if (state.draining?.token !== token) return true;
        return (await takeAway(system, folder, state, { now: false })).draining === 0;
      },
    );
    if (done) return;
    await system.sleep(DRAIN_LOOK_MS);
  }
}

/** Puts back what each setting was before us, unless somebody has changed it since: then it is theirs. */
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

/** Connections with a mapped source that no nat chain of others in their family would carry on. */
async function orphans(system: System, fences: readonly Fence[]): Promise<number> {
  const others = (await observeNatChains(system)).filter(
    (chain) => !fences.some(({ backend, listing }) => backend.ownsNat(chain, listing)),
  );
  const carried = (family: Family) =>
    others.some((chain) => chain.family === 'inet' || chain.family === (family === 'ipv4' ? 'ip' : 'ip6'));
  const counts = await Promise.all(
    FAMILIES.filter((family) => !carried(family)).map(async (family) => {
      const flows = await observeFlows(system, ['-f', family, '--src-nat']);
      return flows.filter(({ state }) => !OVER.has(state ?? '')).length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

import { PortfenceError } from '../errors.ts';
import { backendNamed } from '../survey/choose.ts';
import { presentFences } from '../survey/fences.ts';
import { type Pending, readState, type State, type Wanted, writeState } from '../survey/state.ts';
import type { System } from '../system/system.ts';
import { commit } from './commit.ts';
import { locked } from './locked.ts';
import { takeAway } from './remove.ts';
import { writeSettings } from './settings.ts';

export type Rollback = Pending;

/** The hidden command that waits for the deadline and takes an unconfirmed apply back. */
export const ROLLBACK_COMMAND = 'rollback-unless-confirmed';

/**
 * What an apply with a deadline would go back to. A second one before the first is confirmed goes back to where the first
 * began; an apply without a deadline settles the matter.
 */
export function keepPending(
  system: System,
  state: State,
  seconds: number | undefined,
  changed: boolean,
): Rollback | undefined {
  if (seconds === undefined || (!changed && !state.pending)) return undefined;
  const now = system.now();
  return {
    token: `${system.pid}-${now}`,
    deadline: now + seconds * 1000,
    previous: state.pending ? state.pending.previous : state.wanted,
  };
}

export function schedule(system: System, { token }: Rollback): Promise<void> {
  return system.startDetached([ROLLBACK_COMMAND, token]);
}

/** Settles the last apply: it stays. Throws NOTHING_PENDING where none waits. */
export function confirm(system: System, say: (line: string) => void): Promise<void> {
  return locked(system, say, async (folder) => {
    const { pending, ...settled } = await readState(system, folder);
    if (!pending) {
      throw new PortfenceError('NOTHING_PENDING', 'no apply is waiting to be confirmed', {
        hint: 'it was confirmed before, or it has rolled back: see `portfence status`',
      });
    }
    await writeState(system, folder, settled);
  });
}

/** Waits for the deadline, then takes back the apply with this token unless it has been settled meanwhile. */
export async function rollBackUnlessConfirmed(system: System, token: string): Promise<'settled' | 'rolled back'> {
  const say = () => {};
  for (;;) {
    const wait = await locked(system, say, async (folder) => {
      const state = await readState(system, folder);
      if (state.pending?.token !== token) return 'settled' as const;
      const left = state.pending.deadline - system.now();
      if (left > 0) return left;
      await goBack(system, folder, state, state.pending.previous);
      return 'rolled back' as const;
    });
    if (typeof wait === 'string') return wait;
    await system.sleep(Math.min(wait, 1000));
  }
}

/** Brings back an earlier fence, or none, with the settings that belong to it. The caller holds the lock. */
async function goBack(system: System, folder: string, state: State, previous: Wanted | null): Promise<void> {
  if (!previous) {
    await takeAway(system, folder, state, { now: false });
    return;
  }
  const backend = await backendNamed(system, previous.backend?.id ?? 'nftables');
  const fences = await presentFences(system);
  const present = fences.find((fence) => fence.backend.id === backend.id)?.listing;
  await commit(system, backend.parts(backend.replacement(previous.creation, present)));
  for (const other of fences.filter((fence) => fence.backend.id !== backend.id)) {
    await commit(system, other.backend.parts(other.backend.deletion(other.listing)));
  }
  const undone = Object.entries(state.before)
    .filter(([key]) => !previous.settings.some((setting) => setting.key === key))
    .map(([key, to]) => ({ key, to }));
  await writeSettings(system, [...undone, ...previous.settings.map(({ key, value }) => ({ key, to: value }))]);
  await writeState(system, folder, {
    version: 1,
    before: state.before,
    ours: state.ours,
    wanted: previous,
    ...(state.made ? { made: state.made } : {}),
  });
}

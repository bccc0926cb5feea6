import { backendNamed } from '../backends/choose.ts';
import { presentFences } from '../backends/fences.ts';
import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { commit } from './commit.ts';
import { deadlineIn, msUntil } from './deadline.ts';
import { locked } from './locked.ts';
import { takeAway } from './remove.ts';
import { type Pending, readState, type State, stateFolder, storedState, type Wanted, writeState } from './state.ts';
import { writeSettings } from './write-settings.ts';

export type Rollback = Pending;

/** The hidden command that waits for the deadline and takes an unconfirmed apply back. */
export const ROLLBACK_COMMAND = 'rollback-unless-confirmed';

/**
 * What an apply with a deadline would go back to. A second one before the first is confirmed goes back to where the first
 * began; an apply without a deadline settles the matter.
 */
export async function keepPending(
  system: System,
  {
    state,
    seconds,
    changed,
  }: { readonly state: State; readonly seconds: number | undefined; readonly changed: boolean },
): Promise<Rollback | undefined> {
  if (seconds === undefined || (!changed && !state.pending)) return undefined;
  return {
    token: `${system.pid}-${system.now()}`,
    ...(await deadlineIn(system, seconds * 1000)),
    previous: state.pending ? state.pending.previous : state.wanted,
  };
}

export function schedule(system: System, { token }: Rollback): Promise<void> {
  return system.startDetached([ROLLBACK_COMMAND, token]);
}

/** Settles the last apply: it stays. Throws NOTHING_PENDING where none waits, or where its deadline has passed. */
export function confirm(system: System, say: (line: string) => void): Promise<void> {
  return locked(system, say, async (folder) => {
    const state = await readState(system, folder);
    if ((await rollBackIfOverdue(system, folder, state)) !== state)
      throw new PortfenceError('NOTHING_PENDING', 'the deadline has passed: the apply was rolled back', {
        hint: 'apply it again, and confirm it in time',
      });
    const { pending, ...settled } = state;
    if (!pending) {
      throw new PortfenceError('NOTHING_PENDING', 'no apply is waiting to be confirmed', {
        hint: 'it was confirmed before, or it has rolled back: see `portfence status`',
      });
    }
    await writeState(system, folder, settled);
  });
}

/**
 * Rolls an apply back whose deadline has passed, whatever became of the process that waited for it. Gives the state that
 * holds then: the same object where nothing was overdue. The caller holds the lock. Throws what the kernel's refusal throws.
 */
export async function rollBackIfOverdue(system: System, folder: string, state: State): Promise<State> {
  if (!state.pending || (await msUntil(system, state.pending)) > 0) return state;
  await goBack(system, folder, state, state.pending.previous);
  return readState(system, folder);
}

/** Milliseconds between two looks at whether the apply was settled, and the longest pause after an attempt that failed. */
const POLL_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Waits for the deadline, then rolls the apply with this token back unless it has been settled meanwhile. An attempt that
 * fails (the lock is held, the kernel refuses) is made again. Throws NOT_ROOT.
 */
export async function rollBackUnlessConfirmed(system: System, token: string): Promise<'settled' | 'rolled back'> {
  for (let pause = POLL_MS; ; ) {
    try {
      const { pending } = await storedState(system, await stateFolder(system));
      if (pending?.token !== token) return 'settled';
      const left = await msUntil(system, pending);
      if (left > 0) {
        await system.sleep(Math.min(left, POLL_MS));
        continue;
      }
      return await locked(
        system,
        () => {},
        async (folder) => {
          const state = await readState(system, folder);
          if (state.pending?.token !== token) return 'settled';
          await rollBackIfOverdue(system, folder, state);
          return 'rolled back';
        },
      );
    } catch (error) {
      if (!(error instanceof PortfenceError) || error.code === 'NOT_ROOT') throw error;
      await system.sleep(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
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

import { dropHangingFlows } from '../reconcile/hanging.ts';
import type { Survey } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';

/** Milliseconds without an answer after which a connection hangs. */
export const HANGS_AFTER_MS = 1000;
/** The same for one that began while the fence was away: few have, and each sends out of range until it is dropped. */
export const BEGAN_MEANWHILE_MS = 250;

/**
 * Drops hanging flows without the lock, and nothing waits for it: rules that are taken away meanwhile must come back at once.
 */
export function dropFlowsInBackground(
  system: System,
  say: (line: string) => void,
): { drop(survey: Survey | undefined, patienceMs: number): void; idle(): Promise<void> } {
  const running = new Set<Promise<void>>();
  return {
    drop: (survey, patienceMs) => {
      if (!survey) return;
      const work = dropHangingFlows(system, survey, say, patienceMs)
        .then(({ left }) => {
          if (left > 0) say(`${left} connections that hang are left to end by themselves`);
        })
        .catch((error: unknown) => say(`can't drop connections that hang: ${String(error)}`))
        .finally(() => running.delete(work));
      running.add(work);
    },
    idle: async () => {
      await Promise.all(running);
    },
  };
}

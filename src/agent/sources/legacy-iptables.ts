import { legacyNatRules } from '../../observe/legacy-nat.ts';
import type { System } from '../../system/system.ts';
import type { EventSource } from './source.ts';

/** Milliseconds between two looks at rules that no event reports. */
const INTERVAL_MS = 2000;

/** Rules of iptables-legacy change without an event: their text is compared every two seconds, where there are any. */
export function legacyIptablesSource(system: System): EventSource {
  return {
    name: 'iptables-legacy',
    backOff: { first: INTERVAL_MS, longest: 30_000 },
    open: async ({ changed }) => {
      const stopped = new AbortController();
      const follow = async (): Promise<void> => {
        let last = await legacyNatRules(system);
        while (!stopped.signal.aborted) {
          await system.sleep(INTERVAL_MS, stopped.signal);
          if (stopped.signal.aborted) return;
          const present = await legacyNatRules(system);
          if (present !== last) changed();
          last = present;
        }
      };
      const ended = follow().catch(() => {}); // Opened again after a pause, and compared anew.
      return {
        ended,
        stop: async () => {
          stopped.abort();
          await ended;
        },
      };
    },
  };
}

import { presentFences } from '../backends/fences.ts';
import { type FenceTotals, fenceTotals } from '../reconcile/fence-status.ts';
import type { System } from '../system/system.ts';
import type { Told } from './routes.ts';

/** The fence as it stands in the kernel at this moment. */
interface Seen {
  readonly counters: FenceTotals | null;
  readonly layers: string;
}

/** Milliseconds between two looks at the counters while someone watches. */
const EVERY_MS = 1000;

/** Pushes what changes to those who watch. Nothing is looked at while no one does. */
export interface LiveFeed {
  /** Sends events (SSE) to this reader until the result is called. */
  watch(send: (text: string) => void): () => void;
  close(): Promise<void>;
}

/** Reads the counters once a second for all readers together. */
export function liveFeed(system: System, told: Pick<Told, 'now' | 'status' | 'flows'>): LiveFeed {
  const readers = new Set<(text: string) => void>();
  let stop = new AbortController();
  let running: Promise<void> | undefined;
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const seen = await lookAt(system);
      // What is large and seldom new is asked for by its time.
      const flowsAt = told.flows.current()?.report.at ?? null;
      const pushed = { at: told.now(), status: told.status() ?? null, ...seen, flowsAt };
      for (const send of readers) send(`data: ${JSON.stringify(pushed)}\n\n`);
      await system.sleep(EVERY_MS, signal);
    }
  };
  return {
    watch: (send) => {
      readers.add(send);
      send('retry: 1000\n\n');
      if (readers.size === 1) {
        stop = new AbortController();
        const last = running;
        running = Promise.resolve(last).then(() => run(stop.signal));
      }
      return () => {
        readers.delete(send);
        if (readers.size === 0) stop.abort();
      };
    },
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

async function lookAt(system: System): Promise<Seen> {
  try {
    const [fence] = await presentFences(system);
    if (!fence) return { counters: null, layers: 'no fence in the kernel' };
    const { confine, guard } = fence.backend.layers(fence.listing);
    return {
      counters: fenceTotals(fence.listing),
      layers: `confine ${confine ? 'on' : 'OFF'}, guard ${guard ? 'on' : 'off'}, by ${fence.backend.id}`,
    };
  } catch {
    return { counters: null, layers: 'the kernel could not be asked' };
  }
}

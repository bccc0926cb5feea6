import type { Namespace } from '../../src/lab/namespace.ts';
import { streamCommand } from '../../src/system/child.ts';

const LATE_MS = 15_000;
const WENT = 'delete table inet portfence';
/** `create` where the table has to be new, as the agent's fast way has it. */
const CAME = /^(?:add|create) table inet portfence\b/;

/** Watches the fence's table come back, from nft's own monitor. */
export interface FenceWatch {
  /** Does the harm and waits until the table has come back; when it began and ended in milliseconds, undefined where it stayed away. */
  gap(harm: () => Promise<unknown>): Promise<{ readonly from: number; readonly to: number | undefined }>;
  stop(): Promise<void>;
}

/** Starts watching; `stop` ends it. */
export function watchFence(host: Namespace): FenceWatch {
  let went = (): void => {};
  let came = (): void => {};
  const monitor = streamCommand(host.enter(['nft', 'monitor', 'tables']), (line) => {
    if (line.startsWith(WENT)) went();
    if (CAME.test(line)) came();
  });
  return {
    gap: async (harm) => {
      const from = Date.now();
      const back = new Promise<number | undefined>((resolve) => {
        // An older event may still be on its way: only what comes after ours went counts.
        went = () => {
          came = () => resolve(Date.now());
        };
        setTimeout(() => resolve(undefined), LATE_MS).unref();
      });
      await harm();
      return { from, to: await back };
    },
    stop: monitor.stop,
  };
}

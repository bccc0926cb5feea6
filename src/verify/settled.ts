import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { Kind } from './kinds.ts';
import type { ProbeTable, Recorded } from './probe-table.ts';
import type { SentProtocol } from './result.ts';
import type { Sent } from './sending.ts';
import { until } from './until.ts';

/** Packets are handed on within a millisecond or so; what is not there by now was refused. */
const PATIENCE_MS = 500;

/** What the probe table recorded, once everything that was sent is in it or the time is over. */
export async function settled(
  system: System,
  table: ProbeTable,
  kinds: readonly Kind[],
  sent: readonly (readonly Sent[])[],
): Promise<(family: Family, protocol: SentProtocol) => Recorded> {
  let recorded = await table.read();
  const isWhole = () =>
    kinds.every(({ target, protocol }, i) => {
      const opened = sent[i]?.filter(({ error }) => error === undefined).length ?? 0;
      return recorded(target.family, protocol).after.length >= opened;
    });
  await until(system, PATIENCE_MS, async () => {
    if (isWhole()) return true;
    recorded = await table.read();
    return isWhole();
  });
  return recorded;
}

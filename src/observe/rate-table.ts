import type { System } from '../system/system.ts';

/** The table in which an agent counts new connections: beside the fence, which does not depend on it. */
export const RATE_TABLE = 'portfence_seen';

/** Takes it away; nothing happens where there is none. Never throws. */
export async function removeRateTable(system: Pick<System, 'run'>): Promise<void> {
  await system.run(['nft', 'delete', 'table', 'inet', RATE_TABLE]).catch(() => {});
}

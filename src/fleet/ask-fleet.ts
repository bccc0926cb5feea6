import { scrub } from '../scrub.ts';
import type { Sockets } from '../system/system.ts';
import { askStatus, type Heard, shownAddress } from './ask-host.ts';
import type { FleetHost } from './host-list.ts';
import type { HostReport } from './host-report.ts';
import { inParallel } from './in-parallel.ts';
import { readStatus } from './read-status.ts';

/** How many hosts are asked at once: most file limits are 1,024, and silent hosts must not wait for each other. */
const AT_ONCE = 512;

export interface FleetAsk {
  /** Milliseconds for each host. */
  readonly timeoutMs: number;
  /** Learns how many have been asked. */
  readonly onProgress?: (asked: number) => void;
}

/** Each host with the document that its agent gave, in the list's order. Never throws for what hosts do. */
export async function hearFleet(
  system: Pick<Sockets, 'getJson' | 'http'>,
  hosts: readonly FleetHost[],
  { timeoutMs, onProgress = () => {} }: FleetAsk,
): Promise<readonly { readonly host: FleetHost; readonly heard: Heard }[]> {
  let asked = 0;
  return inParallel(hosts, AT_ONCE, async (host) => {
    const heard = await askStatus(system, host.address, timeoutMs);
    asked += 1;
    onProgress(asked);
    return { host, heard };
  });
}

/** A host's report from what was heard of it. */
export function reportOf({ name, address }: FleetHost, heard: Heard): HostReport {
  const shown = { name: scrub(name), address: shownAddress(address) };
  if ('silence' in heard) return { ...shown, silence: heard.silence };
  const status = readStatus(heard.document);
  if (status) return { ...shown, status };
  const starting = heard.document === null;
  return { ...shown, silence: starting ? 'the agent has just begun' : 'the answer is no status of an agent' };
}

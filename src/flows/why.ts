import type { ContainerName } from '../observe/container-names.ts';
import { observeSocketOwners, type SocketOwner } from '../observe/socket-owners.ts';
import type { Protocol } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type FlowQuestion, observeFlowReport } from './flow-report.ts';
import { type DestinationRow, type PairRow, pairsTowards } from './rows.ts';

/** A source of flows towards one destination, with its name. */
export interface NamedPair extends PairRow {
  readonly name: string | null;
  readonly image: string | null;
  readonly group: string | null;
}

/** Who fills the ports towards one service. */
export interface Why {
  readonly address: string;
  readonly port: number;
  /** One for each protocol and each address that the flows leave with, the fullest first. */
  readonly destinations: readonly DestinationRow[];
  readonly sources: readonly NamedPair[];
  /** Programs of this host with sockets towards it. */
  readonly programs: readonly SocketOwner[];
}

export interface WhyWanted {
  /** In canonical text. */
  readonly address: string;
  readonly port: number;
  readonly protocol?: Protocol | undefined;
}

/** Looks at the flows towards one service. Throws what reading conntrack throws. */
export async function observeWhy(system: System, question: FlowQuestion, wanted: WhyWanted): Promise<Why> {
  const { address, port, protocol } = wanted;
  const [{ seen, names }, programs] = await Promise.all([
    observeFlowReport(system, { ...question, most: 0 }),
    observeSocketOwners(system, (kind, to, number) => to === address && number === port && (protocol ?? kind) === kind),
  ]);
  const { destinations, pairs } = pairsTowards(seen.scan, wanted);
  return { address, port, destinations, programs, sources: pairs.map((pair) => named(pair, names.get(pair.source))) };
}

const named = (pair: PairRow, one: ContainerName | undefined): NamedPair => ({
  ...pair,
  name: one?.name ?? null,
  image: one?.image ?? null,
  group: one?.group ?? null,
});

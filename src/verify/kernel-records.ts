import { observeFence } from '../backends/listing.ts';
import { observeFlows } from '../observe/conntrack.ts';
import { counterName } from '../plan/counters.ts';
import type { System } from '../system/system.ts';
import type { Batch } from './batches.ts';
import { connectionKey } from './judge.ts';
import type { Origin, SentProtocol } from './model.ts';
import type { Sent } from './sending.ts';
import type { Target } from './target.ts';

/** Packets that the guard has counted as leaked so far, by counter; none where there is no guard. */
export async function leakedCounts(system: System): Promise<ReadonlyMap<string, number>> {
  const fence = await observeFence(system);
  return new Map((fence?.counters ?? []).map(({ name, packets }) => [name, packets]));
}

const COUNTED_AS = { host: 'host', container: 'containers', guest: 'forwarded' } as const;

/** How many packets of a batch's kind the guard counted as leaked between two readings; undefined where it counts none of them. */
export function leakedBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  origin: Origin,
  { target, protocol }: Batch,
): number | undefined {
  const name = counterName({ tally: 'leaked', origin: COUNTED_AS[origin.kind], family: target.family, protocol });
  const [first, last] = [before.get(name), after.get(name)];
  return first === undefined || last === undefined ? undefined : last - first;
}

const flag = (target: Target) => ['-f', target.family, '-d', target.address] as const;

/**
 * The ports that conntrack says an origin's connections to a target leave with; empty where nothing is tracked, undefined
 * where conntrack(8) is missing. Asking does not switch tracking on.
 */
export async function trackedPorts(
  system: System,
  origin: Origin,
  target: Target,
): Promise<((protocol: SentProtocol) => ReadonlyMap<string, number>) | undefined> {
  const flows = await observeFlows(system, flag(target)).catch(() => undefined);
  const source = origin.addresses[target.family];
  return (
    flows &&
    ((protocol) =>
      new Map(
        flows
          .filter((flow) => flow.protocol === protocol && flow.original.source === source)
          .map(({ original, reply }) => [
            connectionKey(original.sourcePort, original.destinationPort),
            reply.destinationPort,
          ]),
      ))
  );
}

const TIME_LIMIT_MS = 5_000;

/**
 * Deletes the entries of connections that were sent, and no other: a container's or a guest's by its address, which is ours alone, the
 * host's to a documentation address by destination, and to a peer one by one, since others may talk to it too.
 */
export async function forget(
  system: System,
  origin: Origin,
  { target, protocol }: Pick<Batch, 'target' | 'protocol'>,
  sent: readonly Sent[],
): Promise<void> {
  const source = origin.addresses[target.family];
  if (source === undefined || sent.length === 0) return;
  const common = ['-p', protocol, ...flag(target), '-s', source];
  const selections =
    origin.kind !== 'host'
      ? [common]
      : target.documentation
        ? target.ports.map((port) => [...common, '--dport', String(port)])
        : sent
            .filter(({ from }) => from !== 0)
            .map(({ from, to }) => [...common, '--sport', String(from), '--dport', String(to)]);
  const end = system.now() + TIME_LIMIT_MS;
  for (const selection of selections) {
    if (system.now() > end) return; // What is left ends by itself within two minutes.
    await system.run(['conntrack', '-D', ...selection], { outlastsInterrupt: true });
  }
}

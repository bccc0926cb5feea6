import { observeFlows } from '../observe/conntrack.ts';
import type { System } from '../system/system.ts';
import { connectionKey } from './judge.ts';
import type { Kind } from './kinds.ts';
import type { Origin } from './origin.ts';
import type { SentProtocol } from './result.ts';
import type { Sent } from './sending.ts';
import type { Target } from './target.ts';

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
 * Deletes the entries of connections that were sent, and no other: a container's by its address, which is ours alone, the
 * host's to a documentation address by destination, and to a peer one by one, since others may talk to it too.
 */
export async function forget(
  system: System,
  origin: Origin,
  { target, protocol }: Pick<Kind, 'target' | 'protocol'>,
  sent: readonly Sent[],
): Promise<void> {
  const source = origin.addresses[target.family];
  if (source === undefined || sent.length === 0) return;
  const common = ['-p', protocol, ...flag(target), '-s', source];
  const selections =
    origin.kind === 'container'
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

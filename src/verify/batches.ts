import type { HostFacts } from '../plan/facts.ts';
import type { Packet } from '../plan/packet.ts';
import type { Plan } from '../plan/plan.ts';
import { type SourceAddress, sourceAddress } from '../plan/source-address.ts';
import { ephemeralPorts } from '../plan/steps.ts';
import { walk } from '../plan/walk.ts';
import type { Policy } from '../policy/policy.ts';
import { HIGHEST_PORT, type PortSet, portCount, portSet, subtract } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type Origin, SENT_PROTOCOLS, type SentProtocol } from './model.ts';
import type { Sending } from './sending.ts';
import { type Route, routeTo, type Target } from './target.ts';

/** What all checks of a run share. */
export interface Run {
  readonly policy: Policy;
  readonly facts: HostFacts;
  readonly plan: Plan;
  /** How many connections of each family and protocol. */
  readonly connections: number;
  /** From 0 up to 1: moves the ports between one run and another. */
  readonly shift: number;
  readonly signal: AbortSignal | undefined;
}

/** The connections of one family and protocol from one origin. */
export interface Batch {
  readonly target: Target;
  readonly protocol: SentProtocol;
  /** What is sent; no source ports where the policy confines none of them. */
  readonly sending: Sending;
  /** The interface that they leave by; empty where there is no route. */
  readonly leaves: string;
  /** Why the policy leaves connections from this source port alone; undefined where it confines them. */
  exemption(port: number): string | undefined;
  /** The source address that the NAT rules of others give; undefined where it can't be known. */
  expected(port: number): SourceAddress | undefined;
}

/** One batch for each family and protocol that the policy names, with source ports that it confines. */
export async function batchesOf(
  system: System,
  origin: Origin,
  targets: readonly Target[],
  run: Run,
): Promise<readonly Batch[]> {
  const protocols = SENT_PROTOCOLS.filter((protocol) => run.policy.protocols.includes(protocol));
  const perTarget = targets.map(async (target) => {
    const route = await leavingBy(system, origin, target);
    return protocols.map((protocol) => batchOf({ origin, target, protocol, route }, run));
  });
  return (await Promise.all(perTarget)).flat();
}

async function leavingBy(system: System, origin: Origin, { family, address }: Target): Promise<Route | undefined> {
  const source = origin.addresses[family];
  const arrived = origin.network;
  const forwarded =
    arrived === undefined || source === undefined ? undefined : await routeTo(system, address, { source, arrived });
  // Where forwarding is off there is no forwarded route; the check then says that nothing came through.
  return forwarded ?? (await routeTo(system, address));
}

interface Connections {
  readonly origin: Origin;
  readonly target: Target;
  readonly protocol: SentProtocol;
  readonly route: Route | undefined;
}

function batchOf({ origin, target, protocol, route }: Connections, run: Run): Batch {
  const { policy, facts, plan } = run;
  const { family, address } = target;
  const leaves = route?.device ?? '';
  const packet: Omit<Packet, 'sourcePort'> = {
    protocol,
    family,
    source: origin.addresses[family] ?? '',
    destination: address,
    destinationPort: target.ports[0] ?? 0,
    arrived: origin.network,
    leaves,
    sourceLocal: origin.kind === 'host',
    manyReceivers: false,
    opening: true,
  };
  const exemption = (sourcePort: number): string | undefined => {
    const { fate } = walk(plan, { ...packet, sourcePort });
    return fate.do === 'map' ? undefined : (fate.step?.why ?? 'no step of the plan fits it');
  };
  const expected = (sourcePort: number): SourceAddress | undefined => {
    const whole = { ...packet, sourcePort };
    return sourceAddress(walk(plan, whole), whole, { links: facts.links, gateway: route?.gateway });
  };
  const from =
    origin.kind === 'host'
      ? ephemeralPorts(policy, facts)
      : subtract(portSet({ from: 1024, to: HIGHEST_PORT }), policy.exempt.sourcePorts);
  const { own, spares, kernel } = chooseSourcePorts(run.connections, {
    from,
    shift: run.shift,
    confined: (port) => exemption(port) === undefined,
  });
  const ports = own.length === 0 ? [] : [...own, ...Array.from({ length: kernel }, () => 0)];
  const answerMs = target.documentation ? 0 : ANSWER_MS;
  const sending = { family, protocol, address, to: target.ports, from: ports, spares, answerMs };
  return { target, protocol, leaves, exemption, expected, sending };
}

/** A SYN that is lost is sent again after a second. */
const ANSWER_MS = 1_500;

/** So many different ports of the set, evenly over all of it; `shift` from 0 up to 1 moves them between one run and another. */
export function spreadOver(set: PortSet, count: number, shift: number): readonly number[] {
  const size = portCount(set);
  const wanted = Math.min(count, size);
  const start = (i: number) => Math.floor((i * size) / wanted);
  return Array.from({ length: wanted }, (_, i) => nth(set, start(i) + Math.floor(shift * (start(i + 1) - start(i)))));
}

function nth(set: PortSet, index: number): number {
  let left = index;
  for (const { from, to } of set) {
    if (left <= to - from) return from + left;
    left -= to - from + 1;
  }
  throw new RangeError(`the set has no port number ${index}`);
}

/** Half from ports of our own, half from ports that the kernel chooses: its choice alone shows only neighbours. */
export function halves(count: number): { own: number; kernel: number } {
  return { own: Math.ceil(count / 2), kernel: Math.floor(count / 2) };
}

export interface SourcePorts {
  readonly own: readonly number[];
  /** Taken in the place of ports that are in use. */
  readonly spares: readonly number[];
  /** How many the kernel is to choose. */
  readonly kernel: number;
}

/** Which source ports to send from: spread over `from`, without those that `confined` says the policy leaves alone. */
export function chooseSourcePorts(
  count: number,
  { from, shift, confined }: { from: PortSet; shift: number; confined: (port: number) => boolean },
): SourcePorts {
  const { own: wanted, kernel } = halves(count);
  const first = spreadOver(from, wanted, shift).filter(confined);
  const used = new Set(first);
  const others = spreadOver(from, wanted + 32, (shift + 0.5) % 1).filter((port) => !used.has(port) && confined(port));
  const own = [...first, ...others.splice(0, wanted - first.length)];
  return { own, spares: others.slice(0, 64), kernel };
}

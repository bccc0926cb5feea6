import type { HostFacts } from '../plan/facts.ts';
import type { Packet } from '../plan/packet.ts';
import type { Plan } from '../plan/plan.ts';
import { ephemeralPorts } from '../plan/steps.ts';
import { walk } from '../plan/walk.ts';
import type { Policy } from '../policy/policy.ts';
import { HIGHEST_PORT, portSet, subtract } from '../ports.ts';
import type { System } from '../system/system.ts';
import { chooseSourcePorts } from './choose-ports.ts';
import type { Origin } from './origin.ts';
import { SENT_PROTOCOLS, type SentProtocol } from './result.ts';
import { routeTo } from './route.ts';
import type { Volley } from './sending.ts';
import type { Target } from './target.ts';

/** What all checks of a run share. */
export interface Setting {
  readonly policy: Policy;
  readonly facts: HostFacts;
  readonly plan: Plan;
  /** Of each kind. */
  readonly connections: number;
  /** From 0 up to 1: moves the ports between one run and another. */
  readonly shift: number;
  readonly signal: AbortSignal | undefined;
}

/** One family and protocol from one origin. */
export interface Kind {
  readonly target: Target;
  readonly protocol: SentProtocol;
  /** What is sent; no source ports where the policy confines none of them. */
  readonly volley: Volley;
  /** Why the policy leaves connections from this source port alone; undefined where it confines them. */
  leftAlone(port: number): string | undefined;
}

/** Every kind that the policy names, with source ports that it confines. */
export async function kindsOf(
  system: System,
  origin: Origin,
  targets: readonly Target[],
  setting: Setting,
): Promise<readonly Kind[]> {
  const protocols = SENT_PROTOCOLS.filter((protocol) => setting.policy.protocols.includes(protocol));
  const perTarget = targets.map(async (target) => {
    const leaves = await leavingBy(system, origin, target);
    return protocols.map((protocol) => kindOf(origin, target, protocol, leaves, setting));
  });
  return (await Promise.all(perTarget)).flat();
}

async function leavingBy(system: System, origin: Origin, { family, address }: Target): Promise<string> {
  const source = origin.addresses[family];
  const arrived = origin.network;
  const forwarded =
    arrived === undefined || source === undefined ? undefined : await routeTo(system, address, { source, arrived });
  // Where forwarding is off there is no forwarded route; the check then tells that nothing came through.
  return (forwarded ?? (await routeTo(system, address)))?.device ?? '';
}

function kindOf(origin: Origin, target: Target, protocol: SentProtocol, leaves: string, setting: Setting): Kind {
  const { policy, facts, plan } = setting;
  const { family, address } = target;
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
  const leftAlone = (sourcePort: number): string | undefined => {
    const { fate } = walk(plan, { ...packet, sourcePort });
    return fate.do === 'map' ? undefined : (fate.step?.why ?? 'no step of the plan fits it');
  };
  const from =
    origin.kind === 'host'
      ? ephemeralPorts(policy, facts)
      : subtract(portSet({ from: 1024, to: HIGHEST_PORT }), policy.exempt.sourcePorts);
  const { own, spares, kernel } = chooseSourcePorts(setting.connections, {
    from,
    shift: setting.shift,
    confined: (port) => leftAlone(port) === undefined,
  });
  const ports = own.length === 0 ? [] : [...own, ...Array.from({ length: kernel }, () => 0)];
  return { target, protocol, leftAlone, volley: { family, protocol, address, to: target.ports, from: ports, spares } };
}

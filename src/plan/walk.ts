import { blockHas } from '../addresses.ts';
import { holds as foreignHolds, type NatFlow } from '../nat/flow.ts';
import { hasPort, type PortSet, portSet } from '../ports.ts';
import { PROTOCOL_NUMBER } from '../protocols.ts';
import type { Packet } from './packet.ts';
import type { AddressMode, Condition, LeaveReason, Origin, Outcome, Plan, SetName, Step } from './plan.ts';
import { fitsAny } from './wildcards.ts';

/** A step that the packet met, and whether it decided. */
export interface Met {
  readonly step: Step;
  readonly matched: boolean;
}

export type Fate =
  | { readonly do: 'leave'; readonly as: LeaveReason; readonly step: Step | undefined }
  | {
      readonly do: 'map';
      readonly step: Step;
      readonly address: AddressMode;
      /** The port that the kernel keeps unless another flow with the same addresses has it already. */
      readonly kept: number | undefined;
      /** Every port that the kernel may choose. */
      readonly ports: PortSet;
    };

export interface Walk {
  readonly origin: Origin | undefined;
  readonly met: readonly Met[];
  readonly fate: Fate;
}

/** Walks the packet through the plan as the kernel would, and names the decision and the ports it may end with. Pure. */
export function walk(plan: Plan, packet: Packet): Walk {
  const met: Met[] = [];
  let origin: Origin | undefined;
  const frames: { readonly steps: readonly Step[]; at: number }[] = [{ steps: plan.entry, at: 0 }];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const step = frame.steps[frame.at];
    frame.at += 1;
    if (step === undefined) {
      frames.pop();
      continue;
    }
    const matched = step.when.every((condition) => holds(condition, plan, packet));
    met.push({ step, matched });
    if (!matched) continue;
    const { then } = step;
    if (then.do === 'leave' || then.do === 'map') return { origin, met, fate: fateOf(step, then, packet) };
    if (then.do === 'enter') origin = then.origin;
    if (then.do !== 'jump') frames.pop();
    if (then.do !== 'return') frames.push({ steps: stepsOf(then, plan, packet), at: 0 });
  }
  return { origin, met, fate: { do: 'leave', as: 'not-ours', step: undefined } };
}

/** The NAT rule of another that decides what becomes of the source; undefined where none does. */
export function decidingRule({ met }: Walk): string | undefined {
  const ends = met.filter(({ matched, step }) => matched && ['map', 'leave', 'undecided'].includes(step.then.do));
  return ends.findLast(({ step }) => step.rule !== undefined)?.step.rule;
}

function stepsOf(
  then: Exclude<Outcome, { readonly do: 'leave' | 'map' | 'return' }>,
  plan: Plan,
  packet: Packet,
): readonly Step[] {
  const chain = (name: string | undefined) => plan.nat.chains.find((one) => one.name === name)?.steps;
  switch (then.do) {
    case 'enter':
      return plan.origins[then.origin];
    case 'follow':
      return chain(plan.nat.starts[packet.family]) ?? plan.undecided;
    case 'undecided':
      return plan.undecided;
    case 'keep':
      return plan.keep;
    case 'new-network':
      return plan.newNetwork;
    case 'jump':
    case 'goto':
      return chain(then.chain) ?? [];
  }
}

function fateOf(step: Step, then: Outcome & { readonly do: 'leave' | 'map' }, packet: Packet): Fate {
  if (then.do === 'leave') return { do: 'leave', as: then.as, step };
  const own = then.ports.find((range) => hasPort([range], packet.sourcePort));
  return {
    do: 'map',
    step,
    address: then.address,
    kept: own ? packet.sourcePort : undefined,
    ports: own ? portSet(own) : then.ports,
  };
}

function holds(condition: Condition, plan: Plan, packet: Packet): boolean {
  switch (condition.test) {
    case 'uplink': {
      const listed = fitsAny(
        interfacesOf(plan, plan.uplinks.mode === 'these' ? 'uplinks' : 'not_uplinks'),
        packet.leaves,
      );
      return (listed === (plan.uplinks.mode === 'these')) === condition.is;
    }
    case 'family':
      return (packet.family === condition.family) === condition.is;
    case 'protocol':
      return condition.in.includes(packet.protocol) === condition.is;
    case 'many-receivers':
      return packet.manyReceivers;
    case 'destination':
      return condition.in.some((block) => blockHas(block, packet.destination));
    case 'source':
      return condition.in.some((block) => blockHas(block, packet.source));
    case 'source-port':
      return hasPort(condition.in, packet.sourcePort) === condition.is;
    case 'published':
      return isPublished(plan, condition.set, packet);
    case 'bound-socket':
      return plan.sets.some(
        (set) =>
          set.holds === 'ports' &&
          set.elements.some((one) => one.protocol === packet.protocol && one.port === packet.sourcePort),
      );
    case 'made-here':
      return packet.arrived === undefined;
    case 'source-local':
      return packet.sourceLocal === condition.is;
    case 'opening':
      return packet.opening === condition.is;
    case 'arrived-on':
      return packet.arrived !== undefined && fitsAny(interfacesOf(plan, condition.set), packet.arrived);
    case 'unfollowed':
      return false;
    case 'foreign':
      return packet.family === condition.family && foreignHolds(condition.condition, natFlow(packet)) === true;
  }
}

function isPublished(plan: Plan, name: SetName, packet: Packet): boolean {
  return plan.sets.some(
    (set) =>
      set.name === name &&
      set.holds === 'published' &&
      set.elements.some(
        (one) =>
          one.port === packet.sourcePort && one.protocol === packet.protocol && blockHas(one.address, packet.source),
      ),
  );
}

/** The packet as the rules of others see it; what it does not say is taken for the usual: no mark, a new connection, sent by root. */
export function natFlow(packet: Packet): NatFlow {
  const type = (isLocal: boolean, many: boolean) => (many ? 'multicast' : isLocal ? 'local' : 'unicast');
  const source = type(packet.sourceLocal, false);
  const destination = type(packet.leaves === 'lo', packet.manyReceivers);
  return {
    family: packet.family,
    protocol: PROTOCOL_NUMBER[packet.protocol],
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: packet.destinationPort,
    arrived: packet.arrived,
    leaves: packet.leaves,
    types: {
      source: { anywhere: source, onLeaving: type(packet.sourceOnUplink ?? packet.sourceLocal, false) },
      destination: { anywhere: destination, onLeaving: destination },
    },
    ...(packet.mark === undefined ? {} : { mark: packet.mark }),
    states: ['new'],
    owner: { user: packet.user ?? 0, group: packet.group ?? 0 },
  };
}

function interfacesOf(plan: Plan, name: SetName): readonly string[] {
  return plan.sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
}

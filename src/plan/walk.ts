import { blockHas } from '../addresses.ts';
import { hasPort, type PortSet, portSet } from '../ports.ts';
import { fitsAny } from './interfaces.ts';
import type { Packet } from './packet.ts';
import type { AddressMode, Condition, LeaveReason, Origin, Plan, SetName, Step } from './plan.ts';

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
  const first = (steps: readonly Step[]): Step | undefined => {
    for (const step of steps) {
      const matched = step.when.every((condition) => holds(condition, plan, packet));
      met.push({ step, matched });
      if (matched) return step;
    }
    return undefined;
  };
  const entered = first(plan.entry);
  const origin = entered?.then.do === 'enter' ? entered.then.origin : undefined;
  const last = origin ? first(plan.origins[origin]) : entered;
  return { origin, met, fate: fateOf(last, plan, packet) };
}

function fateOf(step: Step | undefined, plan: Plan, packet: Packet): Fate {
  if (!step || step.then.do === 'enter') return { do: 'leave', as: 'not-ours', step };
  if (step.then.do === 'leave') return { do: 'leave', as: step.then.as, step };
  const own = plan.ranges.find((range) => hasPort([range], packet.sourcePort));
  return {
    do: 'map',
    step,
    address: step.then.address,
    kept: own ? packet.sourcePort : undefined,
    ports: own ? portSet(own) : plan.ranges,
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
      return plan.sets.some(
        (set) =>
          set.name === condition.set &&
          set.holds === 'published' &&
          set.elements.some(
            (one) =>
              one.port === packet.sourcePort &&
              one.protocol === packet.protocol &&
              blockHas(one.address, packet.source),
          ),
      );
    case 'made-here':
      return packet.arrived === undefined;
    case 'source-local':
      return packet.sourceLocal === condition.is;
    case 'opening':
      return packet.opening === condition.is;
    case 'arrived-on':
      return packet.arrived !== undefined && fitsAny(interfacesOf(plan, condition.set), packet.arrived);
  }
}

function interfacesOf(plan: Plan, name: SetName): readonly string[] {
  return plan.sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
}

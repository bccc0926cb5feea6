import type { FlowEntry } from '../observe/conntrack.ts';

/** How many flows are remembered one by one, and how many destinations beside them. */
const MOST = 4096;

/** Remembers flows in bounded memory: the first 4,096 one by one, the rest by where they lead. */
export interface SeenFlows {
  readonly count: () => number;
  note(flow: FlowEntry): void;
  /** Whether the flow was noted; where there were too many, whether one to the same destination was. */
  has(flow: FlowEntry): boolean;
}

/** An empty memory; flows are the same where both ends and the port that they leave with are. */
export function seenFlows(): SeenFlows {
  const [flows, destinations] = [new Set<string>(), new Set<string>()];
  let count = 0;
  return {
    count: () => count,
    note: (flow) => {
      count += 1;
      if (flows.size < MOST) flows.add(flowKey(flow));
      else if (destinations.size < MOST) destinations.add(destinationKey(flow));
    },
    has: (flow) => flows.has(flowKey(flow)) || destinations.has(destinationKey(flow)),
  };
}

const flowKey = ({ protocol, original: o, reply }: FlowEntry): string =>
  [protocol, o.source, o.sourcePort, o.destination, o.destinationPort, reply.destinationPort].join(' ');

/** The destination as a deletion names it. */
export const destinationKey = ({ family, protocol, original }: FlowEntry): string =>
  [family, protocol, original.destination, original.destinationPort].join(' ');

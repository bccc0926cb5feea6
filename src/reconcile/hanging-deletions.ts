import type { FlowEntry } from '../observe/conntrack.ts';
import { destinationKey } from './seen-flows.ts';

/** One deletion walks the whole conntrack table (2.5 ms for 1,000 entries, measured): few go one by one, many by destination. */
const ONE_BY_ONE = 16;
/** More deletions than any time limit lets happen. */
const MOST = 4096;

/** Options of `conntrack -D` that choose flows. */
export type Selection = readonly string[];

/** Deletions of unanswered flows, collected in bounded memory. */
export interface Deletions {
  add(flow: FlowEntry): void;
  /** What is to be deleted: 4,096 deletions at most. */
  selections(): readonly Selection[];
}

/** `canSelect`: conntrack can be asked for unanswered flows. */
export function deletions(canSelect: boolean): Deletions {
  const alone: Selection[] = [];
  const many = new Map<string, Selection>();
  let count = 0;
  return {
    add: (flow) => {
      count += 1;
      if (count <= ONE_BY_ONE) alone.push(exactly(flow, canSelect));
      if (many.size >= MOST) return;
      // What can't be asked for its state is named wholly, so that no answered flow to the same destination goes with it.
      if (flow.protocol === 'udp' && !canSelect) many.set(String(count), exactly(flow, canSelect));
      else if (!many.has(destinationKey(flow))) many.set(destinationKey(flow), toDestination(flow, canSelect));
    },
    selections: () => (count <= ONE_BY_ONE ? alone : [...many.values()]),
  };
}

function unansweredOf({ family, protocol }: FlowEntry, canSelect: boolean): Selection {
  const state = protocol === 'tcp' ? ['--state', 'SYN_SENT'] : canSelect ? ['-u', 'UNREPLIED'] : [];
  return ['-f', family, '-p', protocol, ...state];
}

const toDestination = (flow: FlowEntry, canSelect: boolean): Selection => [
  ...unansweredOf(flow, canSelect),
  ...['-d', flow.original.destination, '--dport', String(flow.original.destinationPort)],
];

const exactly = (flow: FlowEntry, canSelect: boolean): Selection => [
  ...toDestination(flow, canSelect),
  ...['-s', flow.original.source, '--sport', String(flow.original.sourcePort)],
];

import { type Family, hasPort } from '../ports.ts';
import { matchesInterface } from './known-answers.ts';
import type { AddressType, Condition, ConnectionState } from './model.ts';
import { spansHave } from './spans.ts';

/** The first packet of a flow at postrouting, before any source NAT. What is not told is undefined and makes an answer unknown. */
export interface NatFlow {
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The interface that it arrived on; undefined where it was made on this host. */
  readonly arrived: string | undefined;
  readonly leaves: string;
  /** What the routing table says of its addresses: of any interface, and of the one that it leaves by alone. */
  readonly types: Readonly<Record<'source' | 'destination', AddressTypes>>;
  /** 0 where none is set. */
  readonly mark?: number | undefined;
  readonly connectionMark?: number | undefined;
  readonly states: readonly ConnectionState[];
  /** Whether an IPsec policy of this host will transform it; false where it is not told. */
  readonly ipsec?: boolean | undefined;
  /** Who sends it; asked only where it was made on this host. */
  readonly owner?: { readonly user: number; readonly group: number } | undefined;
}

export interface AddressTypes {
  readonly anywhere: AddressType | undefined;
  readonly onLeaving: AddressType | undefined;
}

/** Whether the condition holds; undefined where it can't be known. */
export function holds(condition: Condition, flow: NatFlow): boolean | undefined {
  if (condition.test === 'opaque') return undefined;
  const answer = asked(condition, flow);
  return answer === undefined ? undefined : answer === condition.is;
}

function asked(condition: Exclude<Condition, { readonly test: 'opaque' }>, flow: NatFlow): boolean | undefined {
  switch (condition.test) {
    case 'source':
      return spansHave(condition.in, flow.source);
    case 'destination':
      return spansHave(condition.in, flow.destination);
    case 'arrived-on':
      return condition.in.some((pattern) => matchesInterface(pattern, flow.arrived ?? ''));
    case 'leaves-by':
      return condition.in.some((pattern) => matchesInterface(pattern, flow.leaves));
    case 'protocol':
      return condition.in.includes(flow.protocol);
    case 'source-port':
      return hasPort(condition.in, flow.sourcePort);
    case 'destination-port':
      return hasPort(condition.in, flow.destinationPort);
    case 'address-type': {
      const types = flow.types[condition.of];
      const type = condition.limit === undefined ? types.anywhere : types.onLeaving;
      return type === undefined ? undefined : condition.in.includes(type);
    }
    case 'mark': {
      const mark = (condition.of === 'packet' ? flow.mark : flow.connectionMark) ?? 0;
      return condition.values.includes((mark & condition.mask) >>> 0);
    }
    case 'state':
      return condition.in.some((state) => flow.states.includes(state));
    case 'ipsec':
      return flow.ipsec ?? false;
    case 'made-here':
      return flow.arrived === undefined;
    case 'owner': {
      if (flow.arrived !== undefined) return false;
      const id = flow.owner?.[condition.of];
      return id === undefined ? undefined : condition.in.some(({ from, to }) => from <= id && id <= to);
    }
  }
}

import type { AddressBlock } from './address-block.ts';
import { holds } from './address-block.ts';
import type { AclVerdict, Decision } from './decision.ts';
import type { PacketKind } from './filter.ts';
import type { Side } from './model.ts';
import type { Service } from './services.ts';
import { type Trace, traceOf } from './trace.ts';
import { unfilteredBy } from './unfiltered.ts';

/** One connection; addresses as blocks of one. */
export interface AclFlow {
  readonly own: Side;
  readonly peer: Side | undefined;
  readonly source: AddressBlock;
  readonly destination: AddressBlock;
  readonly service: Service;
  readonly sourcePort: number;
}

export interface WalkedFlow {
  /** The request's, then the answer's, in the order in which they meet the ACLs. */
  readonly traces: readonly Trace[];
  /** Why no ACL sees them, where that is so; the traces tell then what would happen if one did. */
  readonly unfiltered: string | undefined;
  readonly verdict: AclVerdict;
}

/** Walks a request and its answer through every ACL on the way. */
export function walkFlow({ own, peer, source, destination, service, sourcePort }: AclFlow): WalkedFlow {
  const kind: PacketKind = { family: destination.family, protocol: service.protocol };
  const request: PacketKind = { ...kind, sourcePort };
  const answer: PacketKind = { ...kind, sourcePort: service.port };
  const near = { acl: own.acl, remote: destination.cidr };
  const far = peer && { acl: peer.acl, remote: source.cidr };
  const traces = [
    traceOf({ ...near, kind: request, direction: 'outbound', port: service.port }),
    ...(far ? [traceOf({ ...far, kind: request, direction: 'inbound', port: service.port })] : []),
    ...(far ? [traceOf({ ...far, kind: answer, direction: 'outbound', port: sourcePort })] : []),
    traceOf({ ...near, kind: answer, direction: 'inbound', port: sourcePort }),
  ];
  const free = unfilteredBy(own).find((block) => block.family === destination.family && holds(block, destination));
  // What a stateful entry lets out comes back whatever the entries say.
  const tracked = new Set(traces.filter(({ decision }) => isStateful(decision)).map(({ acl }) => acl.id));
  const verdicts = traces.flatMap(({ acl, decision, direction }) =>
    direction === 'inbound' && tracked.has(acl.id) ? [] : [decision.verdict],
  );
  const filtered = verdicts.includes('drop') ? 'drop' : verdicts.includes('unsure') ? 'unsure' : 'pass';
  return { traces, unfiltered: free?.why, verdict: free ? 'pass' : filtered };
}

const isStateful = ({ verdict, by }: Decision): boolean =>
  verdict === 'pass' && by.length > 0 && by.every((one) => one.kind === 'entry' && one.entry.isStateful === true);

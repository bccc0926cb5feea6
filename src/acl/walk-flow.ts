import type { AddressBlock } from './address-block.ts';
import { holds } from './address-block.ts';
import type { Verdict } from './decision.ts';
import type { Kind } from './filter.ts';
import type { Service } from './services.ts';
import type { Side } from './side.ts';
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
  readonly verdict: Verdict;
}

/** Walks a request and its answer through every ACL on the way. */
export function walkFlow({ own, peer, source, destination, service, sourcePort }: AclFlow): WalkedFlow {
  const kind: Kind = { family: destination.family, protocol: service.protocol };
  const near = { acl: own.acl, kind, remote: destination.cidr };
  const far = peer && { acl: peer.acl, kind, remote: source.cidr };
  const traces = [
    traceOf({ ...near, direction: 'outbound', port: service.port }),
    ...(far ? [traceOf({ ...far, direction: 'inbound', port: service.port })] : []),
    ...(far ? [traceOf({ ...far, direction: 'outbound', port: sourcePort })] : []),
    traceOf({ ...near, direction: 'inbound', port: sourcePort }),
  ];
  const free = unfilteredBy(own).find((block) => block.family === destination.family && holds(block, destination));
  const verdicts = traces.map(({ decision }) => decision.verdict);
  const filtered = verdicts.includes('drop') ? 'drop' : verdicts.includes('unsure') ? 'unsure' : 'pass';
  return { traces, unfiltered: free?.why, verdict: free ? 'pass' : filtered };
}

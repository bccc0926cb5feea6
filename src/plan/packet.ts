import type { Family, Protocol } from '../ports.ts';

/** The packet that opens a flow, as it is about to leave; what the steps of a plan ask about. */
export interface Packet {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The interface that it arrived on; undefined where it was made on this host. */
  readonly arrived: string | undefined;
  /** The interface that it leaves by. */
  readonly leaves: string;
  /** Whether the source is one of this host's own addresses. */
  readonly sourceLocal: boolean;
  /** Whether it is an address of the interface that the packet leaves by; as `sourceLocal` where it is missing. */
  readonly sourceOnUplink?: boolean;
  /** Whether the destination is a broadcast or multicast address. */
  readonly manyReceivers: boolean;
  /** For TCP: whether it is the opening SYN. */
  readonly opening: boolean;
  /** The packet's mark as it comes to postrouting; 0 where it is missing. */
  readonly mark?: number;
  /** The user and the group whose program sends it from this host; root, which verify runs as, where they are missing. */
  readonly user?: number;
  readonly group?: number;
}

import type { Family } from '../ports.ts';
import { type AddressBlock, type AddressRange, holds, intervalStarts } from './address-block.ts';
import { type AclVerdict, type Decider, decisionFor } from './decision.ts';
import { filterOf, type PacketKind } from './filter.ts';
import type { NetworkAcl } from './model.ts';
import { PROTOCOL_NUMBERS } from './services.ts';

/** Whether routers can tell us that our packets are too big; `partly`: from some of the addresses. */
export interface PathMtu {
  readonly verdict: AclVerdict | 'partly';
  readonly by: readonly Decider[];
}

/** "Fragmentation needed" (RFC 1191: type 3 code 4) and "packet too big" (RFC 8201: ICMPv6 type 2 code 0). */
export const TOO_BIG: Readonly<Record<Family, PacketKind>> = {
  ipv4: { family: 'ipv4', protocol: PROTOCOL_NUMBERS.icmp, icmp: { type: 3, code: 4 } },
  ipv6: { family: 'ipv6', protocol: PROTOCOL_NUMBERS.icmpv6, icmp: { type: 2, code: 0 } },
};

/** Whether such a message gets in from any of these addresses. Routers on the way send it, so that a peer's block is not all of them. */
export function pathMtuFrom(acl: NetworkAcl, sender: AddressBlock): PathMtu {
  const filter = filterOf(acl, 'inbound', TOO_BIG[sender.family]);
  const decisions = addressesIn(intervalStarts(filter.blocks), sender).map((address) => filter.atPort(address, 0));
  const verdicts = new Set(decisions.map(({ verdict }) => verdict));
  const [only] = verdicts;
  const verdict =
    verdicts.size === 1 && only ? only : verdicts.has('unsure') && !verdicts.has('drop') ? 'unsure' : 'partly';
  return { verdict, by: decisionFor('pass', [...new Set(decisions.flatMap(({ by }) => by))]).by };
}

const addressesIn = (starts: readonly bigint[], block: AddressRange): readonly bigint[] => [
  block.from,
  ...starts.filter((start) => start > block.from && holds(block, { from: start, to: start })),
];

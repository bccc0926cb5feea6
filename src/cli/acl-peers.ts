import { type AddressBlock, addressBlock, EVERYWHERE, familyOf } from '../acl/address-block.ts';
import type { Side } from '../acl/model.ts';
import { isUnknown } from '../acl/model.ts';
import { PortfenceError } from '../errors.ts';
import { FAMILIES, type Family } from '../ports.ts';
import { scrub } from '../scrub.ts';

/** Whom the flags name, if anybody. */
export interface PeersRequest {
  readonly peer?: readonly AddressBlock[];
  readonly peerSubnet?: string;
  readonly families?: readonly Family[];
  /** Where no family is named: only these are asked about, as far as the ACL lets them out and in. */
  readonly served?: readonly Family[];
}

export interface AskedPeers {
  readonly peers: readonly AddressBlock[];
  /** What is not asked about, and why. */
  readonly notes: readonly string[];
}

/** The peers that are named, else those of the peer's subnet, else everywhere. Throws ACL where none is left. */
export function peersOf(request: PeersRequest, own: Side, peer: Side | undefined): AskedPeers {
  const { families } = request;
  if (request.peer) return ofFamilies(request.peer, families);
  if (!peer) return everywhere(request, own);
  const ours = new Set(own.blocks.map(familyOf));
  const theirs = peer.blocks.map(addressBlock).filter((one) => ours.size === 0 || ours.has(one.family));
  const peers = theirs.filter((one) => families === undefined || families.includes(one.family));
  if (peers.length > 0) return { peers, notes: [] };
  throw new PortfenceError('ACL', `it is not known which addresses ${scrub(request.peerSubnet ?? 'the peer')} has`, {
    hint: 'name them: --peer 10.0.2.0/24, of a family that --families names',
  });
}

function ofFamilies(named: readonly AddressBlock[], families: readonly Family[] | undefined): AskedPeers {
  const all = [...new Map(named.map((one) => [one.cidr, one])).values()];
  if (families === undefined) return { peers: all, notes: [] };
  const peers = all.filter((one) => families.includes(one.family));
  if (peers.length === 0)
    throw new PortfenceError('ACL', `--families ${families.join()} leaves out every peer that --peer names`, {
      hint: 'leave --families out: the peers tell the families',
    });
  const left = all.filter((one) => !families.includes(one.family));
  return { peers, notes: left.map(({ cidr }) => `${cidr} is not asked about: --families leaves it out`) };
}

function everywhere({ families, served: within = FAMILIES }: PeersRequest, own: Side): AskedPeers {
  const served = families ?? within.filter((one) => lets(own, one));
  const asked = served.length > 0 ? served : within.slice(0, 1);
  const left = within.filter((one) => families === undefined && !asked.includes(one));
  return {
    peers: asked.map((one) => addressBlock(EVERYWHERE[one])),
    notes: left.map(
      (one) => `${one} is not asked about: ${scrub(own.acl.id)} lets nothing of it out and in (--families ${one} asks)`,
    ),
  };
}

/** Whether the ACL lets anything of this family out, and anything in. */
function lets({ acl }: Side, family: Family): boolean {
  const allows = (direction: 'inbound' | 'outbound'): boolean =>
    acl.entries.some(
      (entry) =>
        entry.allow !== false &&
        (isUnknown(entry.direction) || entry.direction === direction) &&
        (isUnknown(entry.family) || entry.family === family),
    );
  return allows('inbound') && allows('outbound');
}

import { PortfenceError } from '../errors.ts';
import { FAMILIES } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { AddressBlock } from './address-block.ts';
import type { Side } from './model.ts';
import { type RoundTrip, roundTripOf } from './round-trip.ts';
import type { Service } from './services.ts';

/** Which source ports serve connections from our side to all of these services at all of these peers. */
export interface Question {
  readonly own: Side;
  /** The peers' own subnet, where its ACL counts as well. */
  readonly peer?: Side | undefined;
  readonly services: readonly Service[];
  readonly peers: readonly AddressBlock[];
}

/** One service at one peer. */
export interface Asked {
  readonly service: Service;
  readonly peer: AddressBlock;
  readonly trip: RoundTrip;
}

/** Far above what clouds allow (AWS: 40 of a direction); the time to solve grows with the square. */
const MOST_ENTRIES = 4000;

/**
 * Every service with every peer. Throws ACL where the peer's ACL would have to know blocks of ours that nobody told, or an ACL is
 * too large.
 */
export function waysOf({ own, peer, services, peers }: Question): readonly Asked[] {
  for (const { acl } of [own, ...(peer ? [peer] : [])]) {
    const count = acl.entries.length;
    if (count > MOST_ENTRIES)
      throw new PortfenceError(
        'ACL',
        `${scrub(acl.id)} has ${count} entries, more than the ${MOST_ENTRIES} that are solved`,
        {
          hint: 'leave out the entries of other services and peers',
        },
      );
  }
  return FAMILIES.flatMap((family) => {
    const there = peers.filter((one) => one.family === family);
    if (there.length === 0) return [];
    if (peer && !own.blocks.some((block) => block.includes(':') === (family === 'ipv6')))
      throw blocksMissing(own, family);
    return services.flatMap((service) => {
      const trip = roundTripOf({ own, peer, service, family });
      return there.map((block) => ({ service, peer: block, trip }));
    });
  });
}

function blocksMissing({ subnet, acl }: Side, family: string): PortfenceError {
  return new PortfenceError(
    'ACL',
    `the other side's ACL has to let ${scrub(subnet ?? `the subnet of ${acl.id}`)} in, and its ${family} block is not known`,
    { hint: 'name the block: --subnet-cidr 10.0.1.0/24' },
  );
}

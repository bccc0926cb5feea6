import { scrub } from '../scrub.ts';
import { type AddressBlock, addressBlock } from './address-block.ts';
import type { Side } from './model.ts';

/** Addresses whose traffic the ACL never sees, and why, in words. */
export interface Unfiltered extends AddressBlock {
  readonly why: string;
}

/** What AWS never filters, beside DHCP (VPC guide, "Network ACL basics"; the VPC's base address + 2 comes with the VPC). */
const AWS_SERVICES: readonly Unfiltered[] = [
  ['Amazon DNS', '169.254.169.253/32', 'fd00:ec2::253/128'],
  ['instance metadata', '169.254.169.254/32', 'fd00:ec2::254/128'],
  ['Amazon Time Sync', '169.254.169.123/32', 'fd00:ec2::123/128'],
  ['ECS task metadata', '169.254.170.2/32'],
].flatMap(([name = '', ...blocks]) =>
  blocks.map((cidr) => ({ ...addressBlock(cidr), why: `${name} is never filtered` })),
);

/** The addresses that this side's ACL never sees packets of. */
export function unfilteredBy({ acl, subnet, blocks, resolvers }: Side): readonly Unfiltered[] {
  if (acl.exempts === 'none') return [];
  const within = `traffic within ${scrub(subnet ?? 'a subnet')} is not filtered`;
  const dns = 'Amazon DNS (the VPC base address + 2) is never filtered';
  return [
    ...blocks.map((cidr) => ({ ...addressBlock(cidr), why: within })),
    ...resolvers.map((cidr) => ({ ...addressBlock(cidr), why: dns })),
    ...AWS_SERVICES,
  ];
}

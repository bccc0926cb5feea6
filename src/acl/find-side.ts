import type { Cidr } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { addressBlock, blocksOf } from './address-block.ts';
import type { AclInventory, NetworkAcl } from './model.ts';
import type { Side } from './side.ts';

/** How a person names one end of the way. */
export interface SideRequest {
  readonly acl?: string | undefined;
  readonly subnet?: string | undefined;
  readonly vpc?: string | undefined;
  /** The subnet's blocks; what the inventory tells of them where none is given. */
  readonly blocks?: readonly Cidr[];
  /** The VPC's primary IPv4 block, which tells where its resolver is. */
  readonly vpcBlock?: Cidr | undefined;
}

/** The side, and how it was found where nothing names its ACL. */
export interface FoundSide {
  readonly side: Side;
  readonly note: string | undefined;
}

/**
 * Finds the ACL of a subnet: the one that names it, else the default ACL of its VPC (AWS VPC guide, "Network ACL basics").
 * Throws ACL where there is none, or several could be it.
 */
export function findSide(inventory: AclInventory, request: SideRequest): FoundSide {
  const { acl, how } = findAcl(inventory, request);
  const subnet = request.subnet ?? (acl.subnets.length === 1 ? acl.subnets[0] : undefined);
  const told = inventory.subnets.find(({ id }) => id === subnet)?.blocks ?? [];
  const blocks = request.blocks && request.blocks.length > 0 ? request.blocks : told;
  const resolvers = request.vpcBlock === undefined ? [] : resolverOf(request.vpcBlock);
  return { side: { acl, subnet, blocks, resolvers }, note: how };
}

/** The VPC's base address + 2 (VPC guide, "Amazon DNS server"). */
function resolverOf(vpcBlock: Cidr): readonly Cidr[] {
  const { from, family } = addressBlock(vpcBlock);
  return blocksOf({ from: from + 2n, to: from + 2n }, family);
}

interface FoundAcl {
  readonly acl: NetworkAcl;
  readonly how?: string;
}

function findAcl({ acls, subnets }: AclInventory, { acl: id, subnet, vpc }: SideRequest): FoundAcl {
  if (acls.length === 0)
    throw wrong('there is no network ACL in what was read', 'name a file that holds ACLs: --file acls.json');
  if (id !== undefined) {
    const acl = acls.find((one) => one.id === id);
    if (!acl) throw wrong(`there is no network ACL ${shown(id)}`, `there are: ${listed(acls)}`);
    return { acl };
  }
  if (subnet === undefined) return onlyOne(acls, vpc);
  const naming = acls.filter((one) => one.subnets.includes(subnet));
  const [first, second] = naming;
  if (first && second)
    throw wrong(`${shown(subnet)} is given to several ACLs: ${listed(naming)}`, 'name the one that is meant: --acl');
  if (first) return { acl: first };
  return defaultFor(subnet, acls, vpc ?? subnets.find((one) => one.id === subnet)?.vpc);
}

function onlyOne(acls: readonly NetworkAcl[], vpc: string | undefined): FoundAcl {
  const there = vpc === undefined ? acls : acls.filter((one) => one.vpc === vpc);
  const [only, second] = there;
  if (only && !second) return { acl: only };
  throw wrong(
    'it is not said which ACL is meant',
    `name the subnet (--subnet) or the ACL (--acl): ${listed(there.length > 0 ? there : acls)}`,
  );
}

function defaultFor(subnet: string, acls: readonly NetworkAcl[], vpc: string | undefined): FoundAcl {
  const defaults = acls.filter((one) => one.isDefault && (vpc === undefined || one.vpc === vpc));
  const [acl, second] = defaults;
  const nobody = `no ACL names ${shown(subnet)}`;
  if (acl && !second) {
    const of = acl.vpc === undefined ? '' : ` of ${shown(acl.vpc)}`;
    return { acl, how: `${nobody}, so the default ACL${of} is its: ${shown(acl.id)}` };
  }
  if (acl)
    throw wrong(
      `${nobody}, and there are default ACLs of several VPCs: ${listed(defaults)}`,
      'name the VPC of the subnet (--vpc) or the ACL (--acl)',
    );
  throw wrong(
    `${nobody}, and there is no default ACL${vpc === undefined ? '' : ` of ${shown(vpc)}`} in what was read`,
    `name the ACL (--acl): ${listed(acls)}`,
  );
}

const MOST_LISTED = 8;
const shown = (text: string): string => scrub(text);

function listed(acls: readonly NetworkAcl[]): string {
  const names = acls
    .slice(0, MOST_LISTED)
    .map(({ id, vpc }) => (vpc === undefined ? shown(id) : `${shown(id)} (${shown(vpc)})`));
  return [...names, ...(acls.length > MOST_LISTED ? [`${acls.length - MOST_LISTED} more`] : [])].join(', ');
}

const wrong = (message: string, hint: string): PortfenceError => new PortfenceError('ACL', message, { hint });

import type { Cidr } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { addressBlock, blocksOf } from './address-block.ts';
import type { AclInventory, NetworkAcl, Side } from './model.ts';
import { MOST_WORLDS } from './possible-acls.ts';
import { type Choices, existsIn, explore } from './worlds.ts';

/** How a person names one end of the way. */
export interface SideRequest {
  readonly acl?: string | undefined;
  readonly subnet?: string | undefined;
  readonly vpc?: string | undefined;
  /** The subnet's blocks; those in the inventory where none is given. */
  readonly blocks?: readonly Cidr[];
  /** The VPC's primary IPv4 block, which tells where its resolver is. */
  readonly vpcBlock?: Cidr | undefined;
}

/** The side, and how it was found where nothing names its ACL. */
export interface FoundSide {
  readonly side: Side;
  readonly note: string | undefined;
  /** The ACLs that it may be, one where nothing is open. */
  readonly ids: readonly string[];
}

/**
 * Finds the ACL of a subnet: the one that names it, else the default ACL of its VPC (AWS VPC guide, "Network ACL basics").
 * Throws ACL where there is none, or several could be it.
 */
export function findSide(inventory: AclInventory, request: SideRequest): FoundSide {
  const { acl, how, ids } = findAcl(inventory, request);
  const subnet = request.subnet ?? (acl.subnets.length === 1 ? acl.subnets[0] : undefined);
  const told = inventory.subnets.find(({ id }) => id === subnet)?.blocks ?? [];
  const blocks = request.blocks && request.blocks.length > 0 ? request.blocks : told;
  const resolvers = request.vpcBlock === undefined ? [] : resolverOf(request.vpcBlock);
  return { side: { acl, subnet, blocks, resolvers }, note: how, ids: ids ?? [acl.id] };
}

/** The VPC's base address + 2 (VPC guide, "Amazon DNS server"). */
function resolverOf(vpcBlock: Cidr): readonly Cidr[] {
  const { from, family } = addressBlock(vpcBlock);
  return blocksOf({ from: from + 2n, to: from + 2n }, family);
}

interface FoundAcl {
  readonly acl: NetworkAcl;
  readonly how?: string;
  readonly ids?: readonly string[];
}

function findAcl(inventory: AclInventory, request: SideRequest): FoundAcl {
  const { acls } = inventory;
  const { acl: id, subnet, vpc } = request;
  const absent = inventory.absent?.find((one) => one.id === (id ?? subnet));
  if (absent) throw wrong(`${shown(absent.id)} is not there: ${shown(absent.why)}`, 'give other values: --parameter');
  if (acls.length === 0)
    throw wrong(
      `there is no network ACL in what was read${subnet === undefined ? '' : ` for ${shown(subnet)}`}`,
      NO_ACL,
    );
  if (id !== undefined) {
    const acl = acls.find((one) => one.id === id);
    if (!acl) throw wrong(`there is no network ACL ${shown(id)}`, `there are: ${listed(acls)}`);
    return { acl };
  }
  if (subnet === undefined) return onlyOne(acls, vpc);
  const known = inventory.subnets.find((one) => one.id === subnet);
  const naming = acls.filter((one) => one.subnets.includes(subnet));
  const perhaps = acls.some((one) => one.perhaps?.some((other) => other.subnet === subnet));
  if (perhaps || known?.when?.length) return servingIn(inventory, { subnet, vpc: vpc ?? known?.vpc });
  const [first, second] = naming;
  if (first && second)
    throw wrong(`${shown(subnet)} is given to several ACLs: ${listed(naming)}`, 'name the one that is meant: --acl');
  if (first) return { acl: first };
  return defaultFor(inventory, subnet, vpc ?? known?.vpc);
}

const NO_ACL = 'give the output of aws ec2 describe-network-acls, or the file that makes the ACLs';

/** A question without a subnet or an ACL. An ACL that only AWS makes counts where no file makes another. */
function onlyOne(acls: readonly NetworkAcl[], vpc: string | undefined): FoundAcl {
  const there = vpc === undefined ? acls : acls.filter((one) => one.vpc === vpc);
  const written = there.filter((one) => !one.isImplied);
  const [only, second] = written.length > 0 ? written : there;
  if (only && !second) return { acl: only };
  throw wrong(
    'it is not said which ACL is meant',
    `name the subnet (--subnet) or the ACL (--acl): ${listed(there.length > 0 ? there : acls)}`,
  );
}

/** The ACL of a subnet where conditions decide which one it is: one that holds the entries of all, each under its conditions. */
function servingIn(inventory: AclInventory, { subnet, vpc }: { subnet: string; vpc: string | undefined }): FoundAcl {
  const known = inventory.subnets.find((one) => one.id === subnet);
  const { outcomes } = explore((world) => {
    if (!existsIn(world, known?.when)) return undefined;
    const serving = inventory.acls.filter(
      ({ when, subnets, perhaps }) =>
        existsIn(world, when) &&
        (subnets.includes(subnet) ||
          perhaps?.some((other) => other.subnet === subnet && existsIn(world, other.when)) === true),
    );
    return serving.length > 0 ? serving : [defaultFor(inventory, subnet, vpc).acl];
  }, MOST_WORLDS);
  const guards = new Map<NetworkAcl, Choices[]>();
  for (const { result, choices } of outcomes)
    for (const acl of result ?? []) guards.set(acl, [...(guards.get(acl) ?? []), choices]);
  const made = [...guards].map(([acl, cases]) => ({ acl, guard: { words: `only where ${acl.id} serves it`, cases } }));
  const [first, second] = made;
  if (!first) throw wrong(`${shown(subnet)} is there in no combination of the conditions`, 'check --parameter');
  const ids = made.map(({ acl }) => acl.id);
  if (!second) return { acl: { ...first.acl, when: [...(first.acl.when ?? []), first.guard] }, ids };
  const entries = made.flatMap(({ acl, guard }) =>
    acl.entries.map((entry) => ({ ...entry, when: [...(entry.when ?? []), guard] })),
  );
  const when = [{ words: '', cases: made.flatMap(({ guard }) => guard.cases) }];
  const acl = { ...first.acl, id: ids.join(' or '), isDefault: false, subnets: [subnet], entries, when };
  return { acl, ids, how: `conditions decide which ACL serves ${shown(subnet)}: ${ids.map(shown).join(' or ')}` };
}

function defaultFor({ acls, subnets }: AclInventory, subnet: string, vpc: string | undefined): FoundAcl {
  const defaults = acls.filter((one) => one.isDefault && (vpc === undefined || one.vpc === vpc));
  const [acl, second] = defaults;
  if (acl?.isImplied && vpc === undefined)
    throw wrong(
      `there is no subnet ${shown(subnet)} in what was read`,
      subnets.length > 0 ? `there are: ${someOf(subnets.map(({ id }) => shown(id)))}` : 'name its VPC: --vpc',
    );
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
  return someOf(acls.map(({ id, vpc }) => (vpc === undefined ? shown(id) : `${shown(id)} (${shown(vpc)})`)));
}

function someOf(names: readonly string[]): string {
  const more = names.length - MOST_LISTED;
  return [...names.slice(0, MOST_LISTED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const wrong = (message: string, hint: string): PortfenceError => new PortfenceError('ACL', message, { hint });

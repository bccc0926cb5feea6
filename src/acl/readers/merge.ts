import { portsText } from '../../ports.ts';
import { scrub } from '../../scrub.ts';
import { type AclEntry, type AclInventory, isUnknown, type NetworkAcl, type Subnet, type Unjudged } from '../model.ts';
import { aclFileError } from './problem.ts';

const APART = 'give the files of one network in one state; read files of different networks one by one';

/** Entries that may be for any ACL, counted once for each; with more of them every answer is unsure. */
const MOST_LOOSE = 200_000;

/** Several inventories as one. Throws ACL_FILE where two elements of one id, or two entries of one number, differ. */
export function mergeInventories(inventories: readonly AclInventory[]): AclInventory {
  const acls = new Map<string, NetworkAcl>();
  for (const acl of inventories.flatMap((one) => one.acls.map(inOrder))) {
    const known = acls.get(acl.id);
    if (known !== undefined && contentOf(known) !== contentOf(acl)) {
      const elsewhere = known.place.file === acl.place.file ? known.place.path : known.place.file;
      throw aclFileError(acl.place, `the ACL ${acl.id} stands in ${elsewhere} too, with other content`, APART);
    }
    if (known === undefined) acls.set(acl.id, acl);
  }
  const all = inventories.flatMap((one) => one.loose ?? []);
  const isTooMany = all.length * acls.size > MOST_LOOSE;
  const absent = inventories.flatMap((one) => one.absent ?? []);
  const warnings = inventories.flatMap((one) => one.warnings ?? []);
  const loose = isTooMany ? [] : all;
  const [first] = isTooMany ? all : [];
  const more: readonly Unjudged[] = first
    ? [
        {
          reason: `${all.length} rules may be for any ACL: ${first.presence?.unknown}`,
          place: first.place,
          acl: undefined,
        },
      ]
    : [];
  return {
    acls: [...acls.values()].map((acl) => (loose.length === 0 ? acl : { ...acl, entries: [...acl.entries, ...loose] })),
    subnets: mergeSubnets(inventories.flatMap(({ subnets }) => subnets)),
    unjudged: [...more, ...inventories.flatMap(({ unjudged }) => unjudged), ...servedTwice([...acls.values()])].map(
      (one) => ({
        ...one,
        reason: scrub(one.reason),
      }),
    ),
    ...(absent.length > 0 ? { absent } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** A subnet has one ACL; where conditions or two states of a network give it two, nobody knows which. */
function servedTwice(acls: readonly NetworkAcl[]): readonly Unjudged[] {
  const servers = new Map<string, NetworkAcl[]>();
  for (const acl of acls)
    for (const subnet of acl.subnets) servers.set(subnet, [...(servers.get(subnet) ?? []), acl].slice(0, 3));
  return [...servers].flatMap(([subnet, [first, ...others]]) =>
    others.flatMap((other) =>
      [first, other].flatMap((acl) => {
        const reason = `${subnet} is served by ${first?.id} and by ${other.id}, and can have one ACL alone`;
        return acl === undefined ? [] : [{ reason, place: acl.place, acl: acl.id }];
      }),
    ),
  );
}

function mergeSubnets(all: readonly Subnet[]): readonly Subnet[] {
  const subnets = new Map<string, Subnet>();
  for (const subnet of all) {
    const known = subnets.get(subnet.id) ?? { ...subnet, vpc: undefined, blocks: [] };
    subnets.set(subnet.id, {
      ...known,
      vpc: known.vpc ?? subnet.vpc,
      blocks: [...new Set([...known.blocks, ...subnet.blocks])].sort(),
    });
  }
  return [...subnets.values()];
}

const DIRECTIONS = ['inbound', 'outbound'];

/** Entries in the order in which packets meet them, without the two that deny what is left: the model says so by itself. */
function inOrder(acl: NetworkAcl): NetworkAcl {
  const entries = acl.entries.filter((entry) => !isImplicit(entry)).toSorted(byOrder);
  const seen = new Map<string, AclEntry>();
  for (const entry of entries) {
    const { direction, family, number, when, presence } = entry;
    if (when !== undefined || presence !== undefined) continue;
    if (isUnknown(direction) || isUnknown(family) || isUnknown(number)) continue;
    const key = `${direction} ${family} ${number}`;
    const other = seen.get(key);
    if (other !== undefined) {
      const message = `the ${direction} rule ${number} of ${acl.id} stands in ${other.place.path} too`;
      throw aclFileError(entry.place, message, 'give every rule of one direction a number of its own');
    }
    seen.set(key, entry);
  }
  return { ...acl, subnets: [...new Set(acl.subnets)].sort(), entries };
}

function byOrder(a: AclEntry, b: AclEntry): number {
  const rank = ({ direction, family }: AclEntry): number =>
    isUnknown(direction) ? 4 : DIRECTIONS.indexOf(direction) * 2 + (family === 'ipv6' ? 1 : 0);
  const number = (entry: AclEntry): number => (isUnknown(entry.number) ? Number.MAX_SAFE_INTEGER : entry.number);
  return rank(a) - rank(b) || number(a) - number(b);
}

const FIRST_IMPLICIT = 32_767;

function isImplicit({ number, allow, protocol, remote }: AclEntry): boolean {
  if (isUnknown(number) || number < FIRST_IMPLICIT) return false;
  return allow === false && protocol === 'all' && (remote === '0.0.0.0/0' || remote === '::/0');
}

function contentOf({ id, vpc, isDefault, subnets, entries, exempts, perhaps, when }: NetworkAcl): string {
  const rules = entries.map(({ place: _, ports, ...entry }) => [
    Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)),
    isUnknown(ports) ? ports : portsText(ports),
  ]);
  return JSON.stringify([id, vpc, isDefault, subnets, exempts, rules, perhaps ?? [], when ?? []]);
}

import { type AclEntry, type AclInventory, isUnknown, type NetworkAcl, type Subnet, type Unjudged } from '../model.ts';
import { type Listed, listedIn, type Spelling } from './aws-shapes.ts';
import { blockOf } from './blocks.ts';
import { type Element, field, isMapping, items, keysOf, mapping, optionalText, requiredText } from './element.ts';
import { readEntry } from './entry.ts';
import { aclFileError } from './problem.ts';
import { trueOrFalse } from './scalars.ts';

/** Whether a document holds what EC2 lists of network ACLs and subnets. */
export function isAwsOutput(document: Element): boolean {
  return listedIn(document) !== undefined;
}

/**
 * Reads what EC2 lists of network ACLs and subnets in the documents of one file ("DescribeNetworkAcls", Amazon EC2 API Reference).
 * Keys that don't apply may be absent or null. Throws ACL_FILE.
 */
export function readAwsOutput(documents: readonly Element[]): AclInventory {
  const all = documents.flatMap((document) => listedIn(document) ?? []);
  const of = (kind: Listed['kind']): readonly Listed[] => all.filter((one) => one.kind === kind);
  const lists = of('entries');
  return {
    acls: [
      ...of('acl').map(aclOf),
      ...lists.map(({ element, spelled }, i) => ({
        id: `entries${lists.length > 1 ? ` ${i + 1}` : ''} of ${element.place.file}`,
        ...{ vpc: undefined, isDefault: false, subnets: [] },
        entries: items(element).map((entry) => entryOf(entry, spelled)),
        place: element.place,
      })),
    ],
    subnets: of('subnet').map(subnetOf),
    unjudged: [...cutOff(of('page')), ...of('acl').flatMap(withoutEntries)],
  };
}

function aclOf({ element, spelled }: Listed): NetworkAcl {
  const { place } = mapping(element);
  const isDefault = field(element, spelled('IsDefault'));
  return {
    id: requiredText(element, spelled('NetworkAclId')),
    vpc: optionalText(element, spelled('VpcId')),
    isDefault: isDefault !== undefined && trueOrFalse(isDefault) === true,
    subnets: items(field(element, spelled('Associations'))).map((one) =>
      requiredText(mapping(one), spelled('SubnetId')),
    ),
    entries: items(field(element, spelled('Entries'))).map((entry) => entryOf(entry, spelled)),
    place,
  };
}

function entryOf(element: Element, spelled: Spelling): AclEntry {
  const { place } = mapping(element);
  const part = (key: string, inner: string): Element | undefined => {
    const whole = field(element, spelled(key));
    return whole && partOf(whole, spelled(inner));
  };
  const egress = field(element, spelled('Egress'));
  const direction = egress && trueOrFalse(egress);
  const isEgress = direction === true;
  const action = field(element, spelled('RuleAction'));
  return readEntry({
    place,
    direction:
      direction === undefined || isUnknown(direction)
        ? { unknown: `the entry does not say whether it is for egress (${spelled('Egress')})` }
        : isEgress
          ? 'outbound'
          : 'inbound',
    number: field(element, spelled('RuleNumber')),
    // PowerShell writes a constant as { "Value": "allow" }.
    action: action && (field(action, 'Value') ?? action),
    protocol: field(element, spelled('Protocol')),
    ipv4: field(element, spelled('CidrBlock')),
    ipv6: field(element, spelled('Ipv6CidrBlock')),
    from: part('PortRange', 'From'),
    to: part('PortRange', 'To'),
    icmpType: part('IcmpTypeCode', 'Type'),
    icmpCode: part('IcmpTypeCode', 'Code'),
  });
}

/** A key of a mapping that AWS always writes. */
function partOf(whole: Element, key: string): Element {
  const found = field(mapping(whole), key);
  if (found !== undefined) return found;
  const there = keysOf(whole).join(', ') || 'nothing';
  throw aclFileError(whole.place, `${key} is missing (there is ${there})`, 'write the file anew with aws');
}

function subnetOf({ element, spelled }: Listed): Subnet {
  mapping(element);
  const ipv4 = field(element, spelled('CidrBlock'));
  const ipv6 = items(field(element, spelled('Ipv6CidrBlockAssociationSet'))).flatMap((one) => {
    const block = field(one, spelled('Ipv6CidrBlock'));
    const state = field(one, spelled('Ipv6CidrBlockState'));
    const isGone = state !== undefined && field(state, spelled('State'))?.value === 'disassociated';
    return block === undefined || isGone ? [] : [blockOf(block, 'ipv6')];
  });
  return {
    id: requiredText(element, spelled('SubnetId')),
    vpc: optionalText(element, spelled('VpcId')),
    blocks: [...(ipv4 === undefined ? [] : [blockOf(ipv4, 'ipv4')]), ...ipv6],
  };
}

/** AWS lists the denials at the end of every ACL; where none is listed, a query or a filter left the entries out. */
function withoutEntries({ element, spelled }: Listed): readonly Unjudged[] {
  if (field(element, spelled('Entries')) !== undefined) return [];
  const acl = requiredText(element, spelled('NetworkAclId'));
  return [{ reason: `the listing does not tell the entries of ${acl}`, place: element.place, acl }];
}

/** A page that names a next one, in a file where no page is the last. */
function cutOff(all: readonly Listed[]): readonly Unjudged[] {
  const pages = all.filter(
    ({ element: { value }, spelled }) => isMapping(value) && Object.hasOwn(value, spelled('NetworkAcls')),
  );
  const open = pages.filter(({ element, spelled }) => optionalText(element, spelled('NextToken')) !== undefined);
  const [page] = open;
  if (page === undefined || open.length < pages.length) return [];
  return [
    {
      reason: 'the listing goes on with a page that is not here (NextToken)',
      place: page.element.place,
      acl: undefined,
    },
  ];
}

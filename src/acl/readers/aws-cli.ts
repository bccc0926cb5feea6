import type { AclEntry, AclInventory, NetworkAcl, Subnet, Unjudged } from '../model.ts';
import { blockOf } from './blocks.ts';
import { type Element, field, isMapping, items, mapping, optionalText, requiredText } from './element.ts';
import { readEntry } from './entry.ts';
import { trueOrFalse } from './scalars.ts';

const LISTS = ['NetworkAcls', 'Subnets'];

/** Whether a document is the output of `aws ec2 describe-network-acls` or `describe-subnets`, whole or a part that `--query` cut out. */
export function isAwsOutput({ value }: Element): boolean {
  if (Array.isArray(value)) return value.every((one: unknown) => isMapping(one) && (isAcl(one) || isSubnet(one)));
  return isMapping(value) && (LISTS.some((key) => Object.hasOwn(value, key)) || isAcl(value) || isSubnet(value));
}

/**
 * Reads the documents of `aws ec2 describe-network-acls` and `describe-subnets` of one file (AWS CLI Command Reference). Keys
 * that don't apply may be absent or null. Throws ACL_FILE.
 */
export function readAwsOutput(documents: readonly Element[]): AclInventory {
  const given = documents.flatMap((document) => [...listed(document, 'NetworkAcls'), ...direct(document, isAcl)]);
  const acls = given.map(aclOf);
  const subnets = documents.flatMap((document) => [
    ...listed(document, 'Subnets').map(subnetOf),
    ...direct(document, isSubnet).map(subnetOf),
  ]);
  return { acls, subnets, unjudged: [...cutOff(documents), ...given.flatMap(withoutEntries)] };
}

const isAcl = (value: object): boolean => Object.hasOwn(value, 'NetworkAclId') && Object.hasOwn(value, 'Entries');
const isSubnet = (value: object): boolean => Object.hasOwn(value, 'SubnetId') && Object.hasOwn(value, 'VpcId');

function listed(document: Element, key: string): readonly Element[] {
  return items(field(document, key));
}

function direct(document: Element, is: (value: object) => boolean): readonly Element[] {
  const all = Array.isArray(document.value) ? items(document) : [document];
  return all.filter(({ value }) => isMapping(value) && is(value));
}

function aclOf(element: Element): NetworkAcl {
  const { place } = mapping(element);
  const isDefault = field(element, 'IsDefault');
  return {
    id: requiredText(element, 'NetworkAclId'),
    vpc: optionalText(element, 'VpcId'),
    isDefault: isDefault !== undefined && trueOrFalse(isDefault) === true,
    subnets: items(field(element, 'Associations')).map((one) => requiredText(mapping(one), 'SubnetId')),
    entries: items(field(element, 'Entries')).map(entryOf),
    place,
  };
}

function entryOf(element: Element): AclEntry {
  const { place } = mapping(element);
  const [ports, icmp] = [field(element, 'PortRange'), field(element, 'IcmpTypeCode')];
  const egress = field(element, 'Egress');
  return readEntry({
    place,
    direction:
      egress === undefined
        ? { unknown: 'the entry does not say whether it is for egress' }
        : trueOrFalse(egress) === true
          ? 'outbound'
          : 'inbound',
    number: field(element, 'RuleNumber'),
    action: field(element, 'RuleAction'),
    protocol: field(element, 'Protocol'),
    ipv4: field(element, 'CidrBlock'),
    ipv6: field(element, 'Ipv6CidrBlock'),
    from: ports && field(mapping(ports), 'From'),
    to: ports && field(mapping(ports), 'To'),
    icmpType: icmp && field(mapping(icmp), 'Type'),
    icmpCode: icmp && field(mapping(icmp), 'Code'),
  });
}

function subnetOf(element: Element): Subnet {
  mapping(element);
  const ipv4 = field(element, 'CidrBlock');
  const ipv6 = items(field(element, 'Ipv6CidrBlockAssociationSet')).flatMap((one) => {
    const block = field(one, 'Ipv6CidrBlock');
    const state = field(one, 'Ipv6CidrBlockState');
    const isGone = state !== undefined && field(state, 'State')?.value === 'disassociated';
    return block === undefined || isGone ? [] : [blockOf(block, 'ipv6')];
  });
  return {
    id: requiredText(element, 'SubnetId'),
    vpc: optionalText(element, 'VpcId'),
    blocks: [...(ipv4 === undefined ? [] : [blockOf(ipv4, 'ipv4')]), ...ipv6],
  };
}

/** AWS lists the denials at the end of every ACL; where none is listed, a query or a filter left the entries out. */
function withoutEntries(element: Element): readonly Unjudged[] {
  if (field(element, 'Entries') !== undefined) return [];
  const acl = requiredText(element, 'NetworkAclId');
  return [{ reason: `the listing does not tell the entries of ${acl}`, place: element.place, acl }];
}

/** A page that names a next one, in a file where no page is the last. */
function cutOff(documents: readonly Element[]): readonly Unjudged[] {
  const pages = documents.filter(({ value }) => isMapping(value) && Object.hasOwn(value, 'NetworkAcls'));
  const open = pages.filter((page) => optionalText(page, 'NextToken') !== undefined);
  const [page] = open;
  if (page === undefined || open.length < pages.length) return [];
  return [
    { reason: 'the listing goes on with a page that is not here (NextToken)', place: page.place, acl: undefined },
  ];
}

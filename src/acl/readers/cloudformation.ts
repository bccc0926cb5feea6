import { type AclInventory, isUnknown, type Known, type Subnet, type Unjudged } from '../model.ts';
import { blockOf } from './blocks.ts';
import { conditional, entryOf } from './cloudformation-entry.ts';
import { type Resource, resourcesOf } from './cloudformation-resources.ts';
import { type Drafts, draftOf } from './draft.ts';
import { type Element, field, type Given, isMapping } from './element.ts';
import { intrinsicsOf, type Resolve } from './intrinsics.ts';
import { mentioned } from './mentioned.ts';
import { aclFileError } from './problem.ts';

const ACL = 'AWS::EC2::NetworkAcl';
const ENTRY = 'AWS::EC2::NetworkAclEntry';
const ASSOCIATION = 'AWS::EC2::SubnetNetworkAclAssociation';
const SUBNET = 'AWS::EC2::Subnet';
const OURS = new Set([ACL, ENTRY, ASSOCIATION, SUBNET]);

export function isTemplate({ value }: Element): boolean {
  return isMapping(value) && (isMapping(value['Resources']) || Object.hasOwn(value, 'AWSTemplateFormatVersion'));
}

/**
 * Reads a CloudFormation template ("AWS resource types reference", AWS CloudFormation User Guide). ACLs and subnets bear their
 * logical ids. What a parameter, a condition or a macro decides is Unknown or unjudged. Throws ACL_FILE.
 */
export function readTemplate(template: Element): AclInventory {
  const resolve = intrinsicsOf(template);
  const { resources, unjudged } = resourcesOf(template);
  const drafts: Drafts = { acls: new Map(), defaults: new Map(), unjudged: [...unjudged] };
  const ofType = (type: string): readonly Resource[] => resources.filter((resource) => resource.type === type);
  for (const resource of ofType(ACL)) addAcl(drafts, resource, resolve);
  for (const resource of ofType(ENTRY)) addEntry(drafts, resource, resolve);
  for (const resource of ofType(ASSOCIATION)) addAssociation(drafts, resource, resolve);
  for (const resource of resources) if (!OURS.has(resource.type)) addStranger(drafts, resource);
  return {
    acls: [...drafts.acls.values()],
    subnets: ofType(SUBNET).map((resource) => subnetOf(resource, resolve)),
    unjudged: drafts.unjudged,
  };
}

function addAcl({ acls, unjudged }: Drafts, resource: Resource, resolve: Resolve): void {
  const { id, element } = resource;
  const vpc = textOf(propertyOf(resource, 'VpcId', resolve));
  acls.set(id, { id, vpc, isDefault: false, subnets: [], entries: [], place: element.place });
  unjudged.push(...uncertain(resource, id));
}

function addEntry(drafts: Drafts, resource: Resource, resolve: Resolve): void {
  const { element, properties, type, condition } = resource;
  const { place } = element;
  const acl = idAt(resource, 'NetworkAclId', resolve);
  if (properties === undefined || isUnknown(acl)) {
    const why = isUnknown(acl) ? `which ACL it is for: ${acl.unknown}` : 'a macro makes its properties';
    drafts.unjudged.push({ reason: `${type} can't be judged; ${why}`, place, acl: undefined });
  } else draftOf(drafts, acl, place).entries.push(conditional(entryOf(properties, place, resolve), condition));
}

function addAssociation(drafts: Drafts, resource: Resource, resolve: Resolve): void {
  const { place } = resource.element;
  const [acl, subnet] = [idAt(resource, 'NetworkAclId', resolve), idAt(resource, 'SubnetId', resolve)];
  if (isUnknown(acl) || isUnknown(subnet)) {
    const why = isUnknown(acl) ? `its ACL: ${acl.unknown}` : isUnknown(subnet) ? `its subnet: ${subnet.unknown}` : '';
    drafts.unjudged.push({ reason: `${resource.type} can't be judged; ${why}`, place, acl: undefined });
    return;
  }
  draftOf(drafts, acl, place).subnets.push(subnet);
  drafts.unjudged.push(...uncertain(resource, acl));
}

/** A nested stack, a module or a custom resource that is given an ACL may add entries to it. */
function addStranger({ acls, unjudged }: Drafts, { type, element }: Resource): void {
  for (const id of mentioned(element.value))
    if (acls.has(id))
      unjudged.push({ reason: `${type} is given ${id} and may change it`, place: element.place, acl: id });
}

function uncertain({ id, condition, element }: Resource, acl: string): readonly Unjudged[] {
  if (condition === undefined) return [];
  return [{ reason: `${id} exists only where the condition ${condition} holds`, place: element.place, acl }];
}

function subnetOf(resource: Resource, resolve: Resolve): Subnet {
  const [ipv4, ipv6] = [propertyOf(resource, 'CidrBlock', resolve), propertyOf(resource, 'Ipv6CidrBlock', resolve)];
  return {
    id: resource.id,
    vpc: textOf(propertyOf(resource, 'VpcId', resolve)),
    blocks: [
      ...(ipv4 === undefined || isUnknown(ipv4) ? [] : [blockOf(ipv4, 'ipv4')]),
      ...(ipv6 === undefined || isUnknown(ipv6) ? [] : [blockOf(ipv6, 'ipv6')]),
    ],
  };
}

function propertyOf({ properties }: Resource, key: string, resolve: Resolve): Given {
  return properties === undefined ? { unknown: 'a macro makes it' } : resolve(field(properties, key));
}

function textOf(given: Given): string | undefined {
  return given !== undefined && !isUnknown(given) && typeof given.value === 'string' ? given.value : undefined;
}

/** The id that a property names: a logical id of the template, or the id of something made elsewhere. */
function idAt(resource: Resource, key: string, resolve: Resolve): Known<string> {
  const given = propertyOf(resource, key, resolve);
  if (given !== undefined && isUnknown(given)) return given;
  const id = textOf(given);
  if (id !== undefined && id !== '') return id;
  const place = given?.place ?? resource.element.place;
  throw aclFileError(place, given === undefined ? `${key} is missing` : `${key} is no id`, `write ${key}: !Ref NAME`);
}

import { type AclInventory, isUnknown, type Known, type Subnet, type Unknown } from '../model.ts';
import type { Assignment, Guard } from '../worlds.ts';
import { blockOf } from './blocks.ts';
import { entryOf } from './cloudformation-entry.ts';
import { type Resource, resourcesOf } from './cloudformation-resources.ts';
import { MOST_CASES, type ResourceVariant, variantsOf } from './conditional.ts';
import { defaultAcl } from './default-acl.ts';
import { type AclDraft, type Drafts, draftOf, emptyDraft, inventoryOf, noDrafts } from './draft.ts';
import { type Element, field, type GivenValue, isMapping } from './element.ts';
import { mentioned } from './mentioned.ts';
import { aclFileError } from './problem.ts';
import { type Evaluation, evaluatorOf } from './template-evaluation.ts';
import { open, type Read } from './template-functions.ts';
import { OTHER, type ParameterValues, parameterNames } from './template-parameters.ts';

const ACL = 'AWS::EC2::NetworkAcl';
const ENTRY = 'AWS::EC2::NetworkAclEntry';
const ASSOCIATION = 'AWS::EC2::SubnetNetworkAclAssociation';
const SUBNET = 'AWS::EC2::Subnet';
const VPC = 'AWS::EC2::VPC';
const VPC_BLOCK = 'AWS::EC2::VPCCidrBlock';
/** What may add entries to an ACL that it is given. Every other resource of AWS only refers to it. */
const MAY_CHANGE =
  /^(?:AWS::CloudFormation::(?:Stack|CustomResource|StackSet)$|AWS::ServiceCatalog::|(?!AWS::)|.*::MODULE$)/;

export function isTemplate({ value }: Element): boolean {
  return isMapping(value) && (isMapping(value['Resources']) || Object.hasOwn(value, 'AWSTemplateFormatVersion'));
}

const defaultIdOf = (vpc: string): string => `${vpc}.DefaultNetworkAcl`;

export interface TemplateInput {
  readonly given: ParameterValues;
  readonly form: 'json' | 'yaml';
}

/** A template's resources, and how they are evaluated. */
interface Template {
  readonly drafts: Drafts;
  readonly resources: readonly Resource[];
  readonly evaluate: (world: Assignment) => Evaluation;
}

/**
 * Reads a CloudFormation template ("AWS resource types reference", AWS CloudFormation User Guide). ACLs and subnets bear their
 * logical ids. What open conditions decide is guarded; what only a stack knows is Unknown or unjudged. Throws ACL_FILE, and USAGE for
 * a value that a parameter can't have.
 */
export function readTemplate(root: Element, { given, form }: TemplateInput): AclInventory {
  // The lists that loops go over are known in every world alike, or not at all.
  const { read } = evaluatorOf(root, given)(() => OTHER);
  const { whole, resources, unjudged } = resourcesOf(root, read);
  const template: Template = { drafts: noDrafts(unjudged), resources, evaluate: evaluatorOf(whole, given) };
  const each = (type: string, add: (template: Template, resource: Resource) => void): void => {
    for (const resource of resources) if (resource.type === type) add(template, resource);
  };
  each(ACL, addAcl);
  each(VPC, addDefaultAcl);
  each(ENTRY, addEntry);
  each(ASSOCIATION, addAssociation);
  each(SUBNET, addSubnet);
  for (const resource of resources) if (MAY_CHANGE.test(resource.type)) addStranger(template, resource);
  const inventory = inventoryOf(template.drafts);
  const made = new Set(
    resources.flatMap(({ id, type }) => (type === ACL ? [id] : type === VPC ? [defaultIdOf(id)] : [])),
  );
  const acls = inventory.acls.map((acl) => (made.has(acl.id) ? { ...acl, template: form } : acl));
  return { ...inventory, acls, parameters: parameterNames(root) };
}

/** Every variant of a resource that is there in some world; what is ruled out in all of them is absent. */
function present<T>({ drafts, evaluate }: Template, resource: Resource, make: (evaluation: Evaluation) => T) {
  const { variants, assumed, complete } = variantsOf(resource, evaluate, make);
  const there = variants.filter((one): one is ResourceVariant<T> & { value: T } => one.value !== undefined);
  if (there.length === 0) {
    const why = `the condition ${resource.condition} does not hold with these values`;
    drafts.absent.push({ id: resource.id, why });
  }
  return { there, assumed, complete };
}

function addAcl(template: Template, resource: Resource): void {
  const { acls } = template.drafts;
  const { id, element } = resource;
  const { there, assumed } = present(template, resource, ({ read }) => ({
    vpc: textOf(propertyOf(resource, 'VpcId', read)),
  }));
  const [first, second] = there;
  if (!first) return;
  const draft = emptyDraft({
    ...{ id, place: element.place },
    vpc: second ? undefined : first.value.vpc,
    ...guarded(second ? anyOf(there.map(({ when }) => when)) : first.when),
  });
  draft.assumed.push(...assumed);
  acls.set(id, draft);
}

const guarded = (when: readonly Guard[]) => (when.length === 0 ? {} : { when });

/** Where any of these holds. */
function anyOf(alternatives: readonly (readonly Guard[])[]): readonly Guard[] {
  const guards = alternatives.flat();
  if (alternatives.some((one) => one.length === 0)) return [];
  return [{ words: guards[0]?.words ?? '', cases: guards.flatMap(({ cases }) => cases) }];
}

function addDefaultAcl(template: Template, resource: Resource): void {
  const { id, element } = resource;
  const { there } = present(template, resource, () => 'there');
  if (there.length === 0) return;
  const hasIpv6 = template.resources.some((one) => one.type === VPC_BLOCK && givesIpv6(one, id));
  const own = defaultAcl({ id: defaultIdOf(id), vpc: id, place: element.place }, { hasIpv6 });
  template.drafts.acls.set(own.id, { ...own, ...guarded(there[0]?.when ?? []) });
}

function givesIpv6({ properties }: Resource, vpc: string): boolean {
  if (properties === undefined) return true;
  const named = [...mentioned(field(properties, 'VpcId')?.value)];
  const keys = ['AmazonProvidedIpv6CidrBlock', 'Ipv6CidrBlock', 'Ipv6Pool', 'Ipv6IpamPoolId'];
  return named.includes(vpc) && keys.some((key) => field(properties, key) !== undefined);
}

function addEntry(template: Template, resource: Resource): void {
  const { drafts } = template;
  const { place } = resource.element;
  const { there, assumed, complete } = present(template, resource, ({ read }) => {
    const acl = idAt(resource, 'NetworkAclId', read);
    const { properties } = resource;
    return { acl, entry: properties && entryOf(properties, place, read) };
  });
  const targets = new Set<AclDraft>();
  for (const { value, when } of there) {
    const { acl, entry } = value;
    if (entry === undefined) {
      const reason = `a macro makes the properties of ${resource.id}`;
      drafts.unjudged.push({ reason, place, acl: undefined });
    } else if (isUnknown(acl)) {
      const presence = { unknown: `which ACL ${resource.id} is for: ${acl.unknown}` };
      drafts.loose.push({ ...entry, presence, ...guarded(when) });
    } else if (!isAbsent(drafts, acl)) {
      const draft = draftOf(drafts, acl, place);
      draft.entries.push({ ...entry, ...guarded(when) });
      targets.add(draft);
    }
  }
  // What is ruled out by a default is there with another value.
  const own =
    targets.size > 0 ? targets : [...mentioned(resource.properties?.value)].flatMap((id) => drafts.acls.get(id) ?? []);
  for (const draft of own) {
    draft.assumed.push(...assumed);
    if (!complete) drafts.unjudged.push({ reason: tooMany(resource), place, acl: draft.id });
  }
}

const tooMany = ({ id }: Resource): string =>
  `more than ${MOST_CASES} combinations of conditions decide about ${id}; ${MOST_CASES} were tried`;
const isAbsent = ({ absent }: Drafts, id: string): boolean => absent.some((one) => one.id === id);

function addAssociation(template: Template, resource: Resource): void {
  const { drafts } = template;
  const { place } = resource.element;
  const { there, assumed, complete } = present(template, resource, ({ read }) => ({
    acl: idAt(resource, 'NetworkAclId', read),
    subnet: idAt(resource, 'SubnetId', read),
  }));
  for (const { value, when } of there) {
    const { acl, subnet } = value;
    if (isUnknown(acl) || isUnknown(subnet)) {
      const why = isUnknown(acl) ? `its ACL: ${acl.unknown}` : isUnknown(subnet) ? `its subnet: ${subnet.unknown}` : '';
      drafts.unjudged.push({
        ...{ reason: `${resource.type} can't be judged; ${why}`, place },
        ...{ acl: undefined, about: 'subnets' },
      });
    } else if (!isAbsent(drafts, acl)) {
      const draft = draftOf(drafts, acl, place);
      if (when.length === 0) draft.subnets.push(subnet);
      else draft.perhaps.push({ subnet, when });
      draft.assumed.push(...assumed);
      if (!complete) drafts.unjudged.push({ reason: tooMany(resource), place, acl, about: 'subnets' });
    }
  }
}

/** A nested stack, a module or a custom resource that is given an ACL may add entries to it. */
function addStranger(template: Template, resource: Resource): void {
  const { acls, unjudged } = template.drafts;
  const { id, type, element, properties } = resource;
  const { there } = present(template, resource, () => 'there');
  if (there.length === 0) return;
  const given = mentioned(properties?.value ?? field(element, 'Properties')?.value);
  for (const acl of acls.keys())
    if (given.has(acl))
      unjudged.push({ reason: `${id}, of ${type}, is given ${acl} and may change it`, place: element.place, acl });
}

function addSubnet(template: Template, resource: Resource): void {
  const { there } = present(template, resource, ({ read }): Omit<Subnet, 'when'> => {
    const [ipv4, ipv6] = [propertyOf(resource, 'CidrBlock', read), propertyOf(resource, 'Ipv6CidrBlock', read)];
    return {
      id: resource.id,
      vpc: textOf(propertyOf(resource, 'VpcId', read)),
      blocks: [
        ...(ipv4 === undefined || isUnknown(ipv4) ? [] : [blockOf(ipv4, 'ipv4')]),
        ...(ipv6 === undefined || isUnknown(ipv6) ? [] : [blockOf(ipv6, 'ipv6')]),
      ],
    };
  });
  const [first, second] = there;
  if (!first) return;
  // Blocks that differ are taken for unknown.
  const blocks = second ? [] : first.value.blocks;
  template.drafts.subnets.push({ ...first.value, blocks, ...guarded(anyOf(there.map(({ when }) => when))) });
}

function propertyOf({ properties }: Resource, key: string, read: Read): GivenValue {
  return properties === undefined ? open('a macro makes it') : read(field(properties, key));
}

function textOf(given: GivenValue): string | undefined {
  return given !== undefined && !isUnknown(given) && typeof given.value === 'string' ? given.value : undefined;
}

/** The id that a property names: a logical id of the template, or the id of something made elsewhere. */
function idAt(resource: Resource, key: string, read: Read): Known<string> {
  const given: GivenValue | Unknown = propertyOf(resource, key, read);
  if (given !== undefined && isUnknown(given)) return given;
  const id = textOf(given);
  if (id !== undefined && id !== '') return id;
  const place = given?.place ?? resource.element.place;
  throw aclFileError(place, given === undefined ? `${key} is missing` : `${key} is no id`, `write ${key}: !Ref NAME`);
}

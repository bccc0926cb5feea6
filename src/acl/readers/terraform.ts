import { type AclInventory, isUnknown, type Subnet } from '../model.ts';
import { blockOf } from './blocks.ts';
import { defaultAcl } from './default-acl.ts';
import { type Drafts, emptyDraft, inventoryOf, noDrafts } from './draft.ts';
import type { Element, GivenValue } from './element.ts';
import { attributeOf, type Instance, readTerraformDocument } from './terraform-document.ts';
import { addEntries } from './terraform-entries.ts';
import { ACL, DEFAULT_ACL, idOf, textAt, vpcOf } from './terraform-ids.ts';
import { indexOf, type TerraformIndex } from './terraform-index.ts';
import { addServedSubnets } from './terraform-subnets.ts';

/**
 * Reads `terraform show -json` of a plan or a state, or a raw state: aws_network_acl and aws_default_network_acl with inline rules,
 * aws_network_acl_rule, aws_network_acl_association, aws_subnet (Terraform AWS provider documentation). What is made by the plan
 * bears its address as its id. What is known only after apply is followed through the configuration where that is unambiguous;
 * else it is Unknown or unjudged. Throws ACL_FILE.
 */
export function readTerraform(root: Element): AclInventory {
  const index = indexOf(readTerraformDocument(root));
  const { instances, unjudged } = index.document;
  const drafts = noDrafts(unjudged);
  for (const instance of instances) if (isAcl(instance)) addAcl(drafts, index, instance);
  for (const instance of instances) if (isVpc(instance)) addDefaultAcl(drafts, index, instance);
  addEntries(drafts, index);
  addServedSubnets(drafts, index);
  for (const instance of instances) if (instance.type === 'aws_subnet') drafts.subnets.push(subnetOf(index, instance));
  return inventoryOf(drafts);
}

function isAcl({ type, isData }: Instance): boolean {
  return !isData && (type === ACL || type === DEFAULT_ACL);
}

function addAcl({ acls, defaults }: Drafts, index: TerraformIndex, instance: Instance): void {
  const [id, vpc] = [idOf(instance), vpcOf(index, instance)];
  const isDefault = instance.type === DEFAULT_ACL;
  if (isDefault && vpc !== undefined) defaults.set(vpc, id);
  const place = { file: instance.values.place.file, path: instance.address };
  acls.set(id, emptyDraft({ id, vpc, isDefault, place }));
}

const isVpc = ({ type, isData }: Instance): boolean => !isData && type === 'aws_vpc';

/** A VPC's own ACL where no resource adopts it: known of a new VPC, while a state does not hold its rules. */
function addDefaultAcl({ acls, defaults, unjudged }: Drafts, index: TerraformIndex, vpc: Instance): void {
  const known = textAt(vpc, 'default_network_acl_id');
  const id = known ?? `${vpc.address}.default_network_acl_id`;
  if (acls.has(id) || defaults.has(idOf(vpc))) return;
  const place = { file: vpc.values.place.file, path: vpc.address };
  if (!vpc.isNew && known === undefined) return;
  const { instances } = index.document;
  const six = ['assign_generated_ipv6_cidr_block', 'ipv6_cidr_block', 'ipv6_ipam_pool_id'];
  const hasIpv6 =
    six.some((key) => isGiven(attributeOf(vpc, key))) ||
    instances.some((one) => one.type === 'aws_vpc_ipv6_cidr_block_association');
  const made = defaultAcl({ id, vpc: idOf(vpc), place }, { hasIpv6 });
  if (vpc.isNew) acls.set(id, made);
  else {
    acls.set(id, { ...made, entries: [] });
    unjudged.push({ reason: `the state does not hold the rules of ${id}, the default ACL`, place, acl: id });
  }
  defaults.set(idOf(vpc), id);
}

const isGiven = (given: GivenValue): boolean => given !== undefined && (isUnknown(given) || given.value !== false);

function subnetOf(index: TerraformIndex, instance: Instance): Subnet {
  const [ipv4, ipv6] = [attributeOf(instance, 'cidr_block'), attributeOf(instance, 'ipv6_cidr_block')];
  return {
    id: idOf(instance),
    vpc: vpcOf(index, instance),
    blocks: [
      ...(ipv4 === undefined || isUnknown(ipv4) ? [] : [blockOf(ipv4, 'ipv4')]),
      ...(ipv6 === undefined || isUnknown(ipv6) ? [] : [blockOf(ipv6, 'ipv6')]),
    ],
  };
}

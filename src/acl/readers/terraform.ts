import { type AclInventory, isUnknown, type Subnet } from '../model.ts';
import { blockOf } from './blocks.ts';
import type { Drafts } from './draft.ts';
import type { Element } from './element.ts';
import { attributeOf, type Instance, readTerraformDocument } from './terraform-document.ts';
import { addEntries } from './terraform-entries.ts';
import { ACL, DEFAULT_ACL, idOf, vpcOf } from './terraform-ids.ts';
import { indexOf, type TerraformIndex } from './terraform-index.ts';
import { addServedSubnets } from './terraform-subnets.ts';

/**
 * Reads `terraform show -json` of a plan or a state: aws_network_acl and aws_default_network_acl with inline rules,
 * aws_network_acl_rule, aws_network_acl_association, aws_subnet (Terraform AWS provider documentation). What is made by the plan
 * bears its address as its id. What is known only after apply is followed through the configuration where that is unambiguous;
 * else it is Unknown or unjudged. Throws ACL_FILE.
 */
export function readTerraform(root: Element): AclInventory {
  const index = indexOf(readTerraformDocument(root));
  const { instances, unjudged } = index.document;
  const drafts: Drafts = { acls: new Map(), defaults: new Map(), unjudged: [...unjudged] };
  for (const instance of instances) if (isAcl(instance)) addAcl(drafts, index, instance);
  addEntries(drafts, index);
  addServedSubnets(drafts, index);
  const subnets = instances.filter(({ type }) => type === 'aws_subnet').map((instance) => subnetOf(index, instance));
  return { acls: [...drafts.acls.values()], subnets, unjudged: drafts.unjudged };
}

function isAcl({ type, isData }: Instance): boolean {
  return !isData && (type === ACL || type === DEFAULT_ACL);
}

function addAcl({ acls, defaults }: Drafts, index: TerraformIndex, instance: Instance): void {
  const [id, vpc] = [idOf(instance), vpcOf(index, instance)];
  const isDefault = instance.type === DEFAULT_ACL;
  if (isDefault && vpc !== undefined) defaults.set(vpc, id);
  acls.set(id, {
    id,
    vpc,
    isDefault,
    subnets: [],
    entries: [],
    place: { file: instance.values.place.file, path: instance.address },
  });
}

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

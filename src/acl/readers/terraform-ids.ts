import { isUnknown } from '../model.ts';
import type { Drafts } from './draft.ts';
import { aclFileError } from './problem.ts';
import { attributeOf, type Instance } from './terraform-document.ts';
import type { Referred, TerraformIndex } from './terraform-index.ts';
import { referredBy } from './terraform-references.ts';

export const ACL = 'aws_network_acl';
export const DEFAULT_ACL = 'aws_default_network_acl';

/** The ids that an attribute names; `certain` where it is these and no others. */
export interface Named {
  readonly ids: readonly string[];
  readonly certain: boolean;
}

/** The cloud's id; the address of what is not made yet. */
export function idOf(instance: Instance): string {
  const keys = instance.type === DEFAULT_ACL ? ['id', 'default_network_acl_id'] : ['id'];
  return keys.map((key) => textAt(instance, key)).find((id) => id !== undefined) ?? instance.address;
}

/** The id of the VPC that an instance stands in; undefined where nobody tells. */
export function vpcOf(index: TerraformIndex, instance: Instance): string | undefined {
  const known = textAt(instance, 'vpc_id');
  if (known !== undefined) return known;
  const attribute = instance.type === DEFAULT_ACL ? 'default_network_acl_id' : 'vpc_id';
  const { targets, certain } = referredBy(index, instance, attribute);
  const [target] = targets.length === 1 && certain ? targets : [];
  return target?.instance.type === 'aws_vpc' ? idOf(target.instance) : undefined;
}

/** The ACL that `network_acl_id` names. Throws ACL_FILE where it names none. */
export function aclNamedBy(drafts: Drafts, index: TerraformIndex, instance: Instance): Named {
  return namedBy(index, instance, 'network_acl_id', ({ targets, certain }) => ({
    ids: targets.flatMap(({ instance: target, attribute }) => aclIds(drafts, target, attribute)),
    certain,
  }));
}

/** The subnet that `subnet_id` names. Throws ACL_FILE where it names none. */
export function subnetNamedBy(index: TerraformIndex, instance: Instance): Named {
  return namedBy(index, instance, 'subnet_id', subnetsOf);
}

export function subnetsOf({ targets, certain }: Referred): Named {
  const subnets = targets.filter(({ instance }) => instance.type === 'aws_subnet');
  return { ids: subnets.map(({ instance }) => idOf(instance)), certain: certain && subnets.length === targets.length };
}

function namedBy(
  index: TerraformIndex,
  instance: Instance,
  attribute: string,
  follow: (referred: Referred) => Named,
): Named {
  const given = attributeOf(instance, attribute);
  if (given === undefined) throw missing(instance, attribute);
  if (!isUnknown(given)) {
    if (typeof given.value !== 'string') throw aclFileError(given.place, 'an id is a text', 'write the file anew');
    return { ids: [given.value], certain: true };
  }
  const { ids, certain } = follow(referredBy(index, instance, attribute));
  return { ids, certain: certain && ids.length === 1 };
}

function aclIds({ defaults }: Drafts, target: Instance, attribute: string): readonly string[] {
  if (target.type === ACL || target.type === DEFAULT_ACL) return [idOf(target)];
  if (target.type !== 'aws_vpc' || attribute !== 'default_network_acl_id') return [];
  const vpc = idOf(target);
  return [defaults.get(vpc) ?? textAt(target, attribute) ?? `${target.address}.${attribute}`];
}

function missing(instance: Instance, attribute: string): Error {
  const place = { file: instance.values.place.file, path: instance.address };
  return aclFileError(place, `${attribute} is missing`, 'write the file anew with terraform show -json');
}

export function textAt(instance: Instance, key: string): string | undefined {
  const given = attributeOf(instance, key);
  return given !== undefined && !isUnknown(given) && typeof given.value === 'string' ? given.value : undefined;
}

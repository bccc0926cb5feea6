import { isUnknown, type SourcePlace } from '../model.ts';
import { type Drafts, draftOf } from './draft.ts';
import { field, isMapping, items } from './element.ts';
import { text } from './scalars.ts';
import { attributeOf, type Instance } from './terraform-document.ts';
import { ACL, aclNamedBy, DEFAULT_ACL, idOf, subnetNamedBy, subnetsOf } from './terraform-ids.ts';
import type { TerraformIndex } from './terraform-index.ts';
import { referredBy } from './terraform-references.ts';

const UNCERTAIN = 'which subnets it serves is known only after apply';

/** Adds the subnets that ACLs serve, by `subnet_ids` and by associations of their own. Throws ACL_FILE. */
export function addServedSubnets(drafts: Drafts, index: TerraformIndex): void {
  const { instances, gone } = index.document;
  const moved = new Set<string>();
  for (const association of gone.filter(isAssociation))
    for (const subnet of subnetNamedBy(index, association).ids) moved.add(subnet);
  for (const association of instances.filter(isAssociation)) {
    const [acl, subnet] = [aclNamedBy(drafts, index, association), subnetNamedBy(index, association)];
    const [id, served] = [acl.ids[0], subnet.ids[0]];
    const place = placeOf(association);
    if (acl.certain && subnet.certain && id !== undefined && served !== undefined) {
      draftOf(drafts, id, place).subnets.push(served);
      moved.add(served);
    } else
      drafts.unjudged.push({
        reason: 'which ACL serves which subnet is known only after apply',
        place,
        acl: undefined,
        about: 'subnets',
      });
  }
  for (const instance of instances.filter(({ type }) => type === ACL || type === DEFAULT_ACL))
    addListed(drafts, index, instance, moved);
}

function addListed(drafts: Drafts, index: TerraformIndex, instance: Instance, moved: ReadonlySet<string>): void {
  const [id, place] = [idOf(instance), placeOf(instance)];
  const draft = draftOf(drafts, id, place);
  const expressions = index.expressionsOf(instance);
  const isLeftOut = expressions !== undefined && field(expressions, 'subnet_ids') === undefined;
  const given = attributeOf(instance, 'subnet_ids');
  if (given === undefined) return;
  if (!isUnknown(given) && !holdsUnknown(instance)) {
    const listed = items(given).map((one) => text(one, 'subnet id'));
    // What an ACL tells of itself is older than what an association is about to do.
    draft.subnets.push(...listed.filter((subnet) => !(isLeftOut && moved.has(subnet))));
    return;
  }
  if (isLeftOut) return;
  const { ids, certain } = subnetsOf(referredBy(index, instance, 'subnet_ids'));
  draft.subnets.push(...ids);
  if (!certain) drafts.unjudged.push({ reason: UNCERTAIN, place, acl: undefined, about: 'subnets' });
}

function holdsUnknown({ unknown }: Instance): boolean {
  const within = isMapping(unknown) ? unknown['subnet_ids'] : undefined;
  return Array.isArray(within) && within.includes(true);
}

const isAssociation = ({ type }: Instance): boolean => type === 'aws_network_acl_association';

function placeOf({ values, address }: Instance): SourcePlace {
  return { file: values.place.file, path: address };
}

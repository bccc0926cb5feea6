import type { AclEntry, NetworkAcl, Place, Unjudged } from '../model.ts';

/** An ACL while its entries and subnets are still being gathered. */
export interface AclDraft extends NetworkAcl {
  readonly subnets: string[];
  readonly entries: AclEntry[];
}

/** The ACLs of a document by id, and what could not be judged about them. */
export interface Drafts {
  readonly acls: Map<string, AclDraft>;
  /** The ids of default ACLs, by their VPC. */
  readonly defaults: Map<string, string>;
  readonly unjudged: Unjudged[];
}

/** The ACL of that id; where the document does not make it, an empty one that answers must not be sure of. */
export function draftOf({ acls, unjudged }: Drafts, id: string, place: Place): AclDraft {
  const known = acls.get(id);
  if (known !== undefined) return known;
  const draft: AclDraft = { id, vpc: undefined, isDefault: false, subnets: [], entries: [], place };
  acls.set(id, draft);
  unjudged.push({ reason: `${id} is made elsewhere; only what this file adds to it is known`, place, acl: id });
  return draft;
}

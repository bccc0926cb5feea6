import type { AclEntry, AclInventory, NetworkAcl, SourcePlace, Subnet, Unjudged } from '../model.ts';
import type { Guard } from '../worlds.ts';

/** An ACL while its entries and subnets are still being gathered. */
export interface AclDraft extends NetworkAcl {
  readonly subnets: string[];
  readonly perhaps: { readonly subnet: string; readonly when: readonly Guard[] }[];
  readonly entries: AclEntry[];
  readonly assumed: string[];
}

/** The ACLs of a document by id, and what could not be judged about them. */
export interface Drafts {
  readonly acls: Map<string, AclDraft>;
  /** The ids of default ACLs, by their VPC. */
  readonly defaults: Map<string, string>;
  readonly subnets: Subnet[];
  readonly unjudged: Unjudged[];
  /** Entries of which it is not known which ACL they are for. */
  readonly loose: AclEntry[];
  readonly absent: { readonly id: string; readonly why: string }[];
}

export const noDrafts = (unjudged: readonly Unjudged[] = []): Drafts => ({
  ...{ acls: new Map(), defaults: new Map() },
  ...{ subnets: [], unjudged: [...unjudged], loose: [], absent: [] },
});

/** An ACL without anything in it yet. */
export function emptyDraft(acl: Pick<NetworkAcl, 'id' | 'place'> & Partial<NetworkAcl>): AclDraft {
  return { vpc: undefined, isDefault: false, ...acl, subnets: [], perhaps: [], entries: [], assumed: [] };
}

/** The ACL of that id; where the document does not make it, an empty one that answers must not be sure of. */
export function draftOf({ acls, unjudged }: Drafts, id: string, place: SourcePlace): AclDraft {
  const known = acls.get(id);
  if (known !== undefined) return known;
  const draft = emptyDraft({ id, place });
  acls.set(id, draft);
  unjudged.push({ reason: `${id} is made elsewhere; only what this file adds to it is known`, place, acl: id });
  return draft;
}

export function inventoryOf({ acls, subnets, unjudged, loose, absent }: Drafts): AclInventory {
  return { acls: [...acls.values()], subnets, unjudged, loose, absent };
}

import type { AclInventory } from '../acl/model.ts';
import { type Recommended, recommend } from '../acl/recommend.ts';
import { solve } from '../acl/solve.ts';
import { PortfenceError } from '../errors.ts';
import { ALL_PORTS, intersect, NO_PORTS, type PortSet } from '../ports.ts';
import { type AclAsk, type AclOptions, askAbout } from './acl-question.ts';
import type { AclSource } from './acl-source.ts';

/** What one of several subnets (or ACLs, where no subnets are known) may use. */
export interface SubnetRow {
  /** Undefined for an ACL of which no subnet is known. */
  readonly subnet: string | undefined;
  readonly acl: string | undefined;
  readonly vpc: string | undefined;
  /** Ports that pass for sure; none where something was not judged at all. */
  readonly ranges: PortSet;
  readonly unsure: PortSet;
  readonly recommended: Recommended | undefined;
  readonly unjudged: AclAsk['unjudged'];
  /** Why there is no answer. */
  readonly failed: string | undefined;
}

export interface SubnetsAnswer {
  readonly rows: readonly SubnetRow[];
  /** What passes in all of them. */
  readonly common: PortSet;
  readonly recommended: Recommended | undefined;
  readonly notes: readonly string[];
}

/** Whether the flags ask about more than one subnet. */
export function asksSeveral({ subnet = [], vpc, acl, all }: AclOptions, { inventory }: AclSource): boolean {
  if (all || subnet.length > 1) return true;
  return vpc !== undefined && subnet.length === 0 && acl === undefined && subnetsOf(inventory, vpc).length > 0;
}

/** The answer for each subnet that the flags name, and for all together. Throws ACL where there is none. */
export function answerSubnets(source: AclSource, options: AclOptions): SubnetsAnswer {
  const { subnet = [], vpc, all, acl } = options;
  if (acl !== undefined) throw new PortfenceError('USAGE', '--acl names one ACL, and --all or several --subnet more');
  const { inventory } = source;
  const ids = subnet.length > 0 && !all ? [...new Set(subnet)] : subnetsOf(inventory, vpc);
  const notes = new Set<string>();
  const row = (more: AclOptions, named: string | undefined): SubnetRow => {
    try {
      const { question, unjudged, ...ask } = askAbout(source, { ...options, ...more });
      for (const note of ask.notes) notes.add(note);
      const { ranges, unsure } = solve(question);
      const safe = unjudged.length > 0 ? NO_PORTS : ranges;
      const { id, vpc: network } = question.own.acl;
      const doubts = unjudged.length > 0 ? ALL_PORTS : unsure;
      const of = { subnet: named, acl: id, vpc: network };
      return { ...of, ranges: safe, unsure: doubts, recommended: recommend(safe), unjudged, failed: undefined };
    } catch (error) {
      if (!(error instanceof PortfenceError) || error.code !== 'ACL') throw error;
      const nothing = { ranges: NO_PORTS, unsure: NO_PORTS, recommended: undefined, unjudged: [] };
      return { subnet: named, acl: undefined, vpc: undefined, ...nothing, failed: error.message };
    }
  };
  const rows =
    ids.length > 0
      ? ids.map((id) => row({ subnet: [id] }, id))
      : aclsOf(inventory, vpc).map((id) => ({ ...row({ subnet: [], acl: id }, undefined), acl: id }));
  if (rows.length === 0)
    throw new PortfenceError(
      'ACL',
      `there is no subnet and no ACL${vpc === undefined ? '' : ` of ${vpc}`} in what was read`,
    );
  const common = rows.reduce((left: PortSet, { ranges }) => intersect(left, ranges), ALL_PORTS);
  return { rows, common, recommended: recommend(common), notes: [...notes] };
}

/** Every subnet that the files tell of, also those that an ACL alone names. */
function subnetsOf({ acls, subnets }: AclInventory, vpc: string | undefined): readonly string[] {
  const inVpc = (one: { readonly vpc: string | undefined }): boolean => vpc === undefined || one.vpc === vpc;
  const known = new Set(subnets.map(({ id }) => id));
  return [
    ...new Set([
      ...subnets.filter(inVpc).map(({ id }) => id),
      ...acls
        .filter(inVpc)
        .flatMap((acl) => [...acl.subnets, ...(acl.perhaps ?? []).map(({ subnet }) => subnet)])
        .filter((id) => !known.has(id)),
    ]),
  ];
}

const aclsOf = ({ acls }: AclInventory, vpc: string | undefined): readonly string[] =>
  acls.filter((one) => vpc === undefined || one.vpc === vpc).map(({ id }) => id);

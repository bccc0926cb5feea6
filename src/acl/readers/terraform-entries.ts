import { portsText } from '../../ports.ts';
import { type AclEntry, type Direction, isUnknown, type Known, type SourcePlace } from '../model.ts';
import { type Drafts, draftOf } from './draft.ts';
import { field, type GivenValue, isMapping, items, mapping } from './element.ts';
import { readEntry } from './entry.ts';
import { aclFileError } from './problem.ts';
import { trueOrFalse } from './scalars.ts';
import { AFTER_APPLY, attributeOf, type Instance } from './terraform-document.ts';
import { ACL, aclNamedBy, DEFAULT_ACL, idOf } from './terraform-ids.ts';
import type { TerraformIndex } from './terraform-index.ts';

const INLINE: readonly (readonly [key: string, direction: Direction])[] = [
  ['ingress', 'inbound'],
  ['egress', 'outbound'],
];

/** A rule that could be for more ACLs may be for any. */
const MOST_NAMED = 20;

/** Adds rules of their own (aws_network_acl_rule) and inline ones. A refreshed ACL repeats the former inline. Throws ACL_FILE. */
export function addEntries(drafts: Drafts, index: TerraformIndex): void {
  const { instances, gone } = index.document;
  const replaced = new Set<string>();
  for (const rule of gone.filter(isRule)) {
    const { ids, certain } = aclNamedBy(drafts, index, rule);
    if (certain) replaced.add(keyOf(ids[0] ?? '', ruleEntry(rule)));
  }
  for (const rule of instances.filter(isRule)) {
    const place = placeOf(rule);
    const { ids, certain } = aclNamedBy(drafts, index, rule);
    const [only] = ids;
    if (certain && only !== undefined) {
      const entry = ruleEntry(rule);
      draftOf(drafts, only, place).entries.push(entry);
      replaced.add(keyOf(only, entry));
      continue;
    }
    const presence = { unknown: 'which ACL the rule is for is known only after apply' };
    const perhaps: AclEntry = { ...ruleEntry(rule), presence };
    if (ids.length === 0 || ids.length > MOST_NAMED) drafts.loose.push(perhaps);
    else for (const acl of new Set(ids)) draftOf(drafts, acl, place).entries.push(perhaps);
  }
  for (const instance of instances.filter(({ type }) => type === ACL || type === DEFAULT_ACL))
    addInline(drafts, index, instance, replaced);
}

function addInline(drafts: Drafts, index: TerraformIndex, instance: Instance, replaced: ReadonlySet<string>): void {
  const id = idOf(instance);
  const draft = draftOf(drafts, id, placeOf(instance));
  const expressions = index.expressionsOf(instance);
  const own = new Map(draft.entries.map((entry) => [keyOf(id, entry), entry]));
  for (const [key, direction] of INLINE) {
    const isLeftOut = expressions !== undefined && field(expressions, key) === undefined;
    const given = attributeOf(instance, key);
    if (given !== undefined && isUnknown(given)) {
      // A new ACL whose configuration names no rules gets none: it denies everything, but for rules of their own.
      if (isLeftOut && instance.isNew) continue;
      drafts.unjudged.push({
        reason: `its ${direction} rules are known only after apply`,
        place: placeOf(instance),
        acl: id,
      });
      continue;
    }
    for (const entry of inlineEntries(instance, key, direction)) {
      if (isLeftOut && replaced.has(keyOf(id, entry))) continue;
      if (!repeats(own.get(keyOf(id, entry)), entry)) draft.entries.push(entry);
    }
  }
}

function repeats(rule: AclEntry | undefined, entry: AclEntry): boolean {
  if (rule === undefined) return false;
  if (contentOf(rule) === contentOf(entry)) return true;
  const message = `the same rule stands in ${rule.place.path} with other content`;
  throw aclFileError(entry.place, message, 'run terraform apply -refresh-only, then terraform show -json again');
}

function ruleEntry(rule: Instance): AclEntry {
  const egress = attributeOf(rule, 'egress');
  const is: Known<boolean> = egress === undefined ? false : trueOrFalse(egress);
  return readEntry({
    place: placeOf(rule),
    direction: isUnknown(is) ? is : is ? 'outbound' : 'inbound',
    number: attributeOf(rule, 'rule_number'),
    action: attributeOf(rule, 'rule_action'),
    ...matched((key) => attributeOf(rule, key), placeOf(rule)),
  });
}

function inlineEntries(instance: Instance, key: string, direction: Direction): readonly AclEntry[] {
  const unknown = isMapping(instance.unknown) ? instance.unknown[key] : undefined;
  return items(field(instance.values, key)).map((element, i) => {
    const place = { file: element.place.file, path: `${instance.address}.${key}[${i}]` };
    const unknowns: unknown = Array.isArray(unknown) ? unknown[i] : undefined;
    const at = (name: string): GivenValue => {
      if (unknowns === true || (isMapping(unknowns) && unknowns[name] === true)) return AFTER_APPLY;
      const found = field(mapping({ ...element, place }), name);
      return found?.value === '' ? undefined : found;
    };
    return readEntry({ place, direction, number: at('rule_no'), action: at('action'), ...matched(at, place) });
  });
}

/** What is left out is 0 to the provider, a type of ICMP included (terraform-provider-aws, vpc_network_acl_rule.go). */
function matched(at: (key: string) => GivenValue, place: SourcePlace) {
  const orZero = (key: string): GivenValue => at(key) ?? { value: 0, place };
  return {
    protocol: at('protocol'),
    ipv4: at('cidr_block'),
    ipv6: at('ipv6_cidr_block'),
    from: orZero('from_port'),
    to: orZero('to_port'),
    icmpType: orZero('icmp_type'),
    icmpCode: orZero('icmp_code'),
  };
}

const isRule = ({ type }: Instance): boolean => type === 'aws_network_acl_rule';

function placeOf({ values, address }: Instance): SourcePlace {
  return { file: values.place.file, path: address };
}

function keyOf(acl: string, { direction, number }: AclEntry): string {
  return JSON.stringify([acl, direction, number]);
}

function contentOf({ place: _, ports, ...entry }: AclEntry): string {
  return JSON.stringify([entry, isUnknown(ports) ? ports : portsText(ports)]);
}

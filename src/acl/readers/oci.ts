import type { AclInventory, Direction, IcmpMatch, Known, NetworkAcl, Subnet } from '../model.ts';
import { emptyDraft } from './draft.ts';
import { type Element, field, isMapping, items, mapping, optionalText } from './element.ts';
import { type OtherRule, otherEntries, otherProtocol, portsBetween, remoteOf } from './other-entry.ts';
import { wholeNumber } from './scalars.ts';

/** The CLI writes `is-stateless`, the API `isStateless`. */
const camel = (key: string): string => key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const at = (element: Element, key: string): Element | undefined => field(element, key) ?? field(element, camel(key));
const has = (value: unknown, key: string): boolean =>
  isMapping(value) && (Object.hasOwn(value, key) || Object.hasOwn(value, camel(key)));

const LISTS: readonly (readonly [key: string, direction: Direction])[] = [
  ['egress-security-rules', 'outbound'],
  ['ingress-security-rules', 'inbound'],
];

const isList = ({ value }: Element): boolean => LISTS.every(([key]) => has(value, key));
const isSubnet = ({ value }: Element): boolean => has(value, 'security-list-ids') && has(value, 'cidr-block');
const isRule = ({ value }: Element): boolean => has(value, 'is-stateless') && has(value, 'direction');

/** What a document of OCI holds: `data`, one thing or a list of them. */
function thingsOf(document: Element): readonly Element[] {
  const data = isMapping(document.value) ? (field(document, 'data') ?? document) : document;
  return Array.isArray(data.value) ? items(data) : [data];
}

/** Whether a document is security lists, rules of a network security group, or subnets, as `oci network` prints them. */
export function isOci(document: Element): boolean {
  const things = thingsOf(document);
  return things.length > 0 && things.every((one) => isList(one) || isSubnet(one) || isRule(one));
}

/**
 * Reads security lists, rules of network security groups and subnets of Oracle Cloud ("SecurityList Reference", OCI API). A packet
 * passes where any rule lets it; stateless rules go before stateful ones, which let answers pass by themselves. A subnet with several
 * lists has the rules of all of them. Throws ACL_FILE.
 */
export function readOci(documents: readonly Element[]): AclInventory {
  const things = documents.flatMap(thingsOf);
  const lists = new Map(things.filter(isList).map((one) => [idOf(one), listOf(one)]));
  const rules = things.filter(isRule);
  const [first] = rules;
  const group =
    first &&
    aclOf(
      `rules of ${first.place.file}`,
      first,
      rules.map((rule) => ({ rule, direction: directionOf(rule) })),
    );
  const subnets = things.filter(isSubnet);
  const unions = subnets.flatMap((subnet): readonly NetworkAcl[] => {
    const named = items(at(subnet, 'security-list-ids')).flatMap(({ value }) => lists.get(String(value)) ?? []);
    const [only, second] = named;
    if (!only) return [];
    const id = idOf(subnet);
    if (!second) {
      lists.set(only.id, { ...only, subnets: [...only.subnets, id] });
      return [];
    }
    const entries = named.flatMap((one, i) =>
      one.entries.map((entry) => ({ ...entry, number: Number(entry.number) + i * MOST_RULES })),
    );
    return [
      {
        ...emptyDraft({ id: named.map((one) => one.id).join(' + '), exempts: 'none', place: only.place }),
        subnets: [id],
        entries,
      },
    ];
  });
  return {
    acls: [...lists.values(), ...(group ? [group] : []), ...unions],
    subnets: subnets.map(subnetOf),
    unjudged: [],
  };
}

/** Rules of one list; several lists of one subnet are numbered one after the other. */
const MOST_RULES = 1000;
const STATEFUL_FROM = 1_000_000;
const idOf = (thing: Element): string =>
  optionalText(thing, 'id') ?? optionalText(thing, 'display-name') ?? 'security list';
const directionOf = (rule: Element): Direction => (at(rule, 'direction')?.value === 'EGRESS' ? 'outbound' : 'inbound');

function listOf(list: Element): NetworkAcl {
  const rules = LISTS.flatMap(([key, direction]) => items(at(list, key)).map((rule) => ({ rule, direction })));
  return aclOf(idOf(list), list, rules);
}

function aclOf(
  id: string,
  { place }: Element,
  rules: readonly { readonly rule: Element; readonly direction: Direction }[],
): NetworkAcl {
  const draft = emptyDraft({ id, exempts: 'none', place });
  for (const [i, { rule, direction }] of rules.entries())
    draft.entries.push(...otherEntries(ruleOf(rule, direction, i)));
  return draft;
}

function ruleOf(rule: Element, direction: Direction, i: number): OtherRule {
  mapping(rule);
  const isStateful = at(rule, 'is-stateless')?.value !== true;
  const options = at(rule, 'tcp-options') ?? at(rule, 'udp-options');
  const range = (key: string) => {
    const found = options && at(options, key);
    return found && portsBetween(found, 'min', 'max');
  };
  const end = direction === 'outbound' ? 'destination' : 'source';
  const block = field(rule, end);
  const kind = at(rule, `${end}-type`)?.value ?? 'CIDR_BLOCK';
  const remote: Known<string> | undefined =
    kind === 'CIDR_BLOCK' ? block && remoteOf(block) : { unknown: `the addresses of ${String(block?.value)}` };
  return {
    ...{ place: rule.place, direction, allow: true, isStateful, remote },
    number: i + 1 + (isStateful ? STATEFUL_FROM : 0),
    protocol: otherProtocol(field(rule, 'protocol')),
    ports: range('destination-port-range'),
    sourcePorts: range('source-port-range'),
    icmp: icmpOf(at(rule, 'icmp-options')),
  };
}

function icmpOf(options: Element | undefined): IcmpMatch | undefined {
  const number = (key: string): number | 'any' => {
    const found = options && field(options, key);
    const read = found && wholeNumber(found, { what: `ICMP ${key}`, from: 0, to: 255 });
    return typeof read === 'number' ? read : 'any';
  };
  return options && { type: number('type'), code: number('code') };
}

function subnetOf(subnet: Element): Subnet {
  const blocks = ['cidr-block', 'ipv6-cidr-block'].flatMap((key) => {
    const block = at(subnet, key);
    return block === undefined ? [] : [remoteOf(block)];
  });
  return { id: idOf(subnet), vpc: optionalText(subnet, 'vcn-id') ?? optionalText(subnet, 'vcnId'), blocks };
}

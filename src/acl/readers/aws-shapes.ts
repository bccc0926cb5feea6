import { type Element, field, isMapping, items } from './element.ts';
import { readJsonDocuments } from './json-text.ts';

/** How a program spells the keys that EC2's API has: as the API and the CLI, as AWS Config, or as Ansible and Python do. */
export type Spelling = (key: string) => string;
const SPELLINGS: readonly Spelling[] = [
  (key) => key,
  (key) => `${key.charAt(0).toLowerCase()}${key.slice(1)}`,
  (key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase(),
];

/** What EC2 lists: an ACL or a subnet as one mapping; entries as a list whose ACL nobody names; a page that may go on. */
export interface Listed {
  readonly kind: 'acl' | 'subnet' | 'entries' | 'page';
  readonly element: Element;
  readonly spelled: Spelling;
}

const DEEPEST = 6;
const CONFIG_LISTS = ['configurationItems', 'ConfigurationItems', 'baseConfigurationItems', 'BaseConfigurationItems'];
const CONFIG_ONES = ['configurationItem', 'ConfigurationItem', 'detail', 'invokingEvent'];
const CONFIG_TYPES = /^AWS::EC2::(?:NetworkAcl|Subnet)$/;

/**
 * Finds what EC2 lists in a document, whichever program saved it: the CLI (whole, by pages, as a stream of YAML, what --query cut
 * out), AWS Config, boto3, Ansible, PowerShell. Undefined where the document is none of these.
 */
export function listedIn(document: Element, depth = 0): readonly Listed[] | undefined {
  const { value } = document;
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(value)) return listedInList(document, depth);
  if (!isMapping(value)) return undefined;
  for (const spelled of SPELLINGS) {
    const has = (key: string): boolean => Object.hasOwn(value, spelled(key));
    if (has('NetworkAclId') && has('Entries')) return [{ kind: 'acl', element: document, spelled }];
    if (has('SubnetId') && has('VpcId')) return [{ kind: 'subnet', element: document, spelled }];
    if (has('NetworkAcls') || has('Subnets')) return listedInPage(document, spelled);
    const entries = field(document, spelled('Entries'));
    if (entries && Array.isArray(entries.value) && isEntryList(entries)) return entryList(entries, spelled);
  }
  return configured(document, depth);
}

function listedInList(document: Element, depth: number): readonly Listed[] | undefined {
  const all = items(document);
  for (const spelled of SPELLINGS)
    if (all.length > 0 && isEntryList(document, spelled)) return entryList(document, spelled);
  const found = all.map((one) => listedIn(one, depth + 1));
  return found.every((one) => one !== undefined) ? found.flat() : undefined;
}

function listedInPage(page: Element, spelled: Spelling): readonly Listed[] {
  const all = (key: string, kind: 'acl' | 'subnet'): readonly Listed[] =>
    items(field(page, spelled(key))).map((element) => ({ kind, element, spelled: ownSpelling(element, spelled) }));
  return [...all('NetworkAcls', 'acl'), ...all('Subnets', 'subnet'), { kind: 'page', element: page, spelled }];
}

/** Some programs spell the list in one way and what is in it in another. */
function ownSpelling({ value }: Element, spelled: Spelling): Spelling {
  const own = SPELLINGS.find((one) => isMapping(value) && Object.hasOwn(value, one('NetworkAclId')));
  return own ?? spelled;
}

function isEntryList(list: Element, spelled?: Spelling): boolean {
  return items(list).every(({ value }) => {
    const has = (key: string): boolean =>
      isMapping(value) && (spelled ? [spelled] : SPELLINGS).some((one) => Object.hasOwn(value, one(key)));
    return has('RuleNumber') && has('RuleAction');
  });
}

const entryList = (element: Element, spelled: Spelling): readonly Listed[] => [{ kind: 'entries', element, spelled }];

/** AWS Config's records: a list of them or one, each with the listing as a mapping or as a text of JSON. */
function configured(document: Element, depth: number): readonly Listed[] | undefined {
  for (const key of CONFIG_ONES) {
    const inner = field(document, key);
    const read = inner && listedIn(parsed(inner), depth + 1);
    if (read) return read;
  }
  const results = field(document, 'Results');
  const list = CONFIG_LISTS.map((key) => field(document, key)).find((one) => one !== undefined) ?? results;
  if (list && Array.isArray(list.value)) {
    const records = newest(items(list).map(parsed)).map((one) => listedIn(one, depth + 1));
    return records.every((one) => one !== undefined) ? records.flat() : undefined;
  }
  const type = field(document, 'resourceType') ?? field(document, 'ResourceType');
  if (!CONFIG_TYPES.test(String(type?.value))) return undefined;
  if (isDeleted(document)) return [];
  const configuration = field(document, 'configuration') ?? field(document, 'Configuration');
  return configuration && listedIn(parsed(configuration), depth + 1);
}

/** A text of JSON as what it holds. */
function parsed(element: Element): Element {
  const { value, place } = element;
  if (typeof value !== 'string' || !/^\s*\{/.test(value)) return element;
  const [first] = readJsonDocuments({ name: [place.file, place.path].filter(Boolean).join(': '), text: value });
  return first ? { value: first.value, place } : element;
}

const isDeleted = (record: Element): boolean =>
  /Deleted/.test(String((field(record, 'configurationItemStatus') ?? field(record, 'ConfigurationItemStatus'))?.value));

/** The latest record of each resource, where a history holds several; of resources without ACLs and subnets none. */
function newest(records: readonly Element[]): readonly Element[] {
  const last = new Map<string, Element>();
  const text = (record: Element, key: string): string =>
    String((field(record, key) ?? field(record, `${key.charAt(0).toUpperCase()}${key.slice(1)}`))?.value ?? '');
  for (const [i, record] of records.entries()) {
    const type = text(record, 'resourceType');
    if (type !== '' && !CONFIG_TYPES.test(type)) continue;
    const id = text(record, 'resourceId') || `record ${i}`;
    const known = last.get(id);
    if (!known || timeOf(text(record, TIME)) > timeOf(text(known, TIME))) last.set(id, record);
  }
  return [...last.values()];
}

const TIME = 'configurationItemCaptureTime';
/** Seconds since the epoch, or ISO 8601. */
const timeOf = (text: string): number => Number(text) || Date.parse(text) / 1000 || 0;

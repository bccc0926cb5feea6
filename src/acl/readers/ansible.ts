import type { AclEntry, AclInventory, Direction, NetworkAcl } from '../model.ts';
import { emptyDraft } from './draft.ts';
import {
  type Element,
  field,
  type GivenValue,
  isMapping,
  items,
  mapping,
  optionalText,
  requiredText,
} from './element.ts';
import { readEntry } from './entry.ts';

const LISTS: readonly (readonly [key: string, direction: Direction])[] = [
  ['ingress', 'inbound'],
  ['egress', 'outbound'],
];

/** Whether a document is what Ansible's module `ec2_vpc_nacl_info` returns. */
export function isAnsible({ value }: Element): boolean {
  return isMapping(value) && Array.isArray(value['nacls']);
}

/**
 * Reads the result of `amazon.aws.ec2_vpc_nacl_info`, whose rules are lists: number, protocol, action, block, type and code of ICMP, first
 * and last port (Ansible documentation of the module). Throws ACL_FILE.
 */
export function readAnsible(documents: readonly Element[]): AclInventory {
  return {
    acls: documents.flatMap((document) => items(field(document, 'nacls')).map(aclOf)),
    subnets: [],
    unjudged: [],
  };
}

function aclOf(element: Element): NetworkAcl {
  const id = requiredText(mapping(element), 'nacl_id');
  const isDefault = field(element, 'is_default')?.value === true;
  const draft = emptyDraft({ id, vpc: optionalText(element, 'vpc_id'), isDefault, place: element.place });
  draft.subnets.push(...items(field(element, 'subnets')).map(({ value }) => String(value)));
  for (const [key, direction] of LISTS)
    draft.entries.push(...items(field(element, key)).map((rule) => entryOf(rule, direction)));
  return draft;
}

function entryOf(rule: Element, direction: Direction): AclEntry {
  const parts = items(rule);
  const at = (i: number): GivenValue => (parts[i]?.value === null ? undefined : parts[i]);
  const block = at(3);
  const isIpv6 = block !== undefined && 'value' in block && String(block.value).includes(':');
  return readEntry({
    ...{ place: rule.place, direction },
    ...{ number: at(0), protocol: at(1), action: at(2) },
    ...{ ipv4: isIpv6 ? undefined : block, ipv6: isIpv6 ? block : undefined },
    ...{ icmpType: at(4), icmpCode: at(5), from: at(6), to: at(7) },
  });
}

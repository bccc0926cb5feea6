import type { AclEntry, AclInventory, Direction, NetworkAcl } from '../model.ts';
import { emptyDraft } from './draft.ts';
import { type Element, field, isMapping, items, mapping, optionalText, requiredText } from './element.ts';
import { otherEntries, otherProtocol, portsOfText, remoteOf } from './other-entry.ts';
import { aclFileError, shown } from './problem.ts';

const LISTS: readonly (readonly [list: string, item: string, block: string, direction: Direction])[] = [
  ['IngressAclEntries', 'IngressAclEntry', 'SourceCidrIp', 'inbound'],
  ['EgressAclEntries', 'EgressAclEntry', 'DestinationCidrIp', 'outbound'],
];

/** Whether a document is what `aliyun vpc DescribeNetworkAclAttributes` or `DescribeNetworkAcls` prints. */
export function isAlibaba({ value }: Element): boolean {
  if (!isMapping(value)) return false;
  return (
    isMapping(value['NetworkAclAttribute']) || (isMapping(value['NetworkAcls']) && 'NetworkAcl' in value['NetworkAcls'])
  );
}

/**
 * Reads network ACLs of Alibaba Cloud ("DescribeNetworkAclAttributes", VPC API): in the order of the list, first match, else denied.
 * Throws ACL_FILE.
 */
export function readAlibaba(documents: readonly Element[]): AclInventory {
  const all = documents.flatMap((document) => {
    const one = field(document, 'NetworkAclAttribute');
    return one ? [one] : inner(field(document, 'NetworkAcls'), 'NetworkAcl');
  });
  return { acls: all.map(aclOf), subnets: [], unjudged: [] };
}

/** The API wraps a list in a mapping of one key. */
const inner = (wrapper: Element | undefined, key: string): readonly Element[] => items(wrapper && field(wrapper, key));

function aclOf(element: Element): NetworkAcl {
  const id = requiredText(mapping(element), 'NetworkAclId');
  const draft = emptyDraft({ id, vpc: optionalText(element, 'VpcId'), exempts: 'none', place: element.place });
  for (const one of inner(field(element, 'Resources'), 'Resource'))
    if (field(one, 'ResourceType')?.value !== 'ALL') draft.subnets.push(requiredText(one, 'ResourceId'));
  for (const [list, item, block, direction] of LISTS) {
    const wrapper = field(element, list);
    if (wrapper === undefined)
      throw aclFileError(
        element.place,
        `${list} is missing`,
        `run aliyun vpc DescribeNetworkAclAttributes --NetworkAclId ${id}`,
      );
    for (const [i, entry] of inner(wrapper, item).entries())
      draft.entries.push(...entriesOf(entry, { i, block, direction }));
  }
  return draft;
}

function entriesOf(
  entry: Element,
  { i, block, direction }: { i: number; block: string; direction: Direction },
): readonly AclEntry[] {
  const policy = field(entry, 'Policy')?.value;
  if (policy !== 'accept' && policy !== 'drop')
    throw aclFileError(entry.place, `${shown(policy)} is no policy`, 'write accept or drop');
  const [remote, ports] = [field(entry, block), field(entry, 'Port')];
  return otherEntries({
    ...{ place: entry.place, direction, number: i + 1, allow: policy === 'accept' },
    protocol: otherProtocol(field(entry, 'Protocol')),
    remote: remote && remoteOf(remote),
    ports: ports && portsOfText(ports),
  });
}

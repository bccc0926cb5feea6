import { scrub } from '../../scrub.ts';
import { type AclEntry, type Direction, isUnknown, type Known, type Place } from '../model.ts';
import { type Element, field, type Given } from './element.ts';
import { readEntry } from './entry.ts';
import type { Resolve } from './intrinsics.ts';
import { trueOrFalse } from './scalars.ts';

/** The properties of an AWS::EC2::NetworkAclEntry as an entry. Throws ACL_FILE. */
export function entryOf(properties: Element, place: Place, resolve: Resolve): AclEntry {
  const at = (key: string): Given => resolve(field(properties, key));
  const within = (key: string, part: string): Given => {
    const whole = at(key);
    return whole === undefined || isUnknown(whole) ? whole : resolve(field(whole, part));
  };
  return readEntry({
    place,
    direction: directionOf(at('Egress')),
    number: at('RuleNumber'),
    action: at('RuleAction'),
    protocol: at('Protocol'),
    ipv4: at('CidrBlock'),
    ipv6: at('Ipv6CidrBlock'),
    from: within('PortRange', 'From'),
    to: within('PortRange', 'To'),
    icmpType: within('Icmp', 'Type'),
    icmpCode: within('Icmp', 'Code'),
  });
}

/** Egress is false unless it is given ("AWS::EC2::NetworkAclEntry", AWS CloudFormation User Guide). */
function directionOf(egress: Given): Known<Direction> {
  if (egress === undefined) return 'inbound';
  const is = trueOrFalse(egress);
  if (isUnknown(is)) return is;
  return is ? 'outbound' : 'inbound';
}

/** The entry, which may be absent where a condition makes it. */
export function conditional(entry: AclEntry, condition: string | undefined): AclEntry {
  if (condition === undefined) return entry;
  return { ...entry, presence: { unknown: scrub(`only where the condition ${condition} holds`) } };
}

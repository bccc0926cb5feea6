import { type AclEntry, type Direction, isUnknown, type Known, type SourcePlace } from '../model.ts';
import { type Element, field, type GivenValue, keysOf, mapping } from './element.ts';
import { readEntry } from './entry.ts';
import { aclFileError } from './problem.ts';
import { trueOrFalse } from './scalars.ts';
import type { Read } from './template-functions.ts';

/** The properties of an AWS::EC2::NetworkAclEntry as an entry. Throws ACL_FILE. */
export function entryOf(properties: Element, place: SourcePlace, read: Read): AclEntry {
  const at = (key: string): GivenValue => read(field(properties, key));
  const within = (key: string, part: string): GivenValue => {
    const whole = at(key);
    if (whole === undefined || isUnknown(whole)) return whole;
    const inner = field(mapping(whole), part);
    if (inner !== undefined) return read(inner);
    const there = keysOf(whole).join(', ') || 'nothing';
    throw aclFileError(place, `${key} has no ${part} (there is ${there})`, `write ${key}: { ${part}: NUMBER, ... }`);
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
function directionOf(egress: GivenValue): Known<Direction> {
  if (egress === undefined) return 'inbound';
  const is = trueOrFalse(egress);
  if (isUnknown(is)) return is;
  return is ? 'outbound' : 'inbound';
}

import type { NewEntry } from '../acl/fix.ts';
import { PROTOCOL_NUMBERS } from '../acl/services.ts';

const LONGEST_ID = 200;

/**
 * The entry as a resource of the template that makes its ACL, in the template's own form ("AWS::EC2::NetworkAclEntry", AWS
 * CloudFormation Template Reference). Logical ids are alphanumeric.
 */
export function cloudFormationLines(entry: NewEntry): readonly string[] {
  const { acl, direction, number } = entry;
  const id = `Portfence${acl.id}${direction === 'outbound' ? 'Out' : 'In'}${number}`
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, LONGEST_ID);
  return acl.template === 'json' ? jsonLines(id, entry) : yamlLines(id, entry);
}

const DEFAULT_ACL = '.DefaultNetworkAcl';
const withPorts = (protocol: number): boolean => protocol === PROTOCOL_NUMBERS.tcp || protocol === PROTOCOL_NUMBERS.udp;

function jsonLines(
  id: string,
  { acl, direction, number, family, protocol, range, remote }: NewEntry,
): readonly string[] {
  const resource = {
    Type: 'AWS::EC2::NetworkAclEntry',
    Properties: {
      NetworkAclId: acl.id.endsWith(DEFAULT_ACL) ? { 'Fn::GetAtt': acl.id.split('.') } : { Ref: acl.id },
      RuleNumber: number,
      Protocol: protocol,
      RuleAction: 'allow',
      Egress: direction === 'outbound',
      [family === 'ipv4' ? 'CidrBlock' : 'Ipv6CidrBlock']: remote,
      ...(withPorts(protocol) ? { PortRange: { From: range.from, To: range.to } } : {}),
    },
  };
  const [first = '', ...more] = JSON.stringify(resource, undefined, 2).split('\n');
  return [`"${id}": ${first}`, ...more];
}

function yamlLines(
  id: string,
  { acl, direction, number, family, protocol, range, remote }: NewEntry,
): readonly string[] {
  return [
    `${id}:`,
    '  Type: AWS::EC2::NetworkAclEntry',
    '  Properties:',
    `    NetworkAclId: ${acl.id.endsWith(DEFAULT_ACL) ? '!GetAtt' : '!Ref'} ${acl.id}`,
    `    RuleNumber: ${number}`,
    `    Protocol: ${protocol}`,
    '    RuleAction: allow',
    `    Egress: ${direction === 'outbound'}`,
    `    ${family === 'ipv4' ? 'CidrBlock' : 'Ipv6CidrBlock'}: "${remote}"`,
    ...(withPorts(protocol) ? ['    PortRange:', `      From: ${range.from}`, `      To: ${range.to}`] : []),
  ];
}

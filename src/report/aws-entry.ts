import type { NewEntry } from '../acl/fix.ts';
import { scrub } from '../scrub.ts';

const OWN_ID = /^acl-[0-9a-f]{8,32}$/;

/** The command that makes the entry (AWS CLI, `ec2 create-network-acl-entry`). An ACL that is not named by its id is a variable. */
export function awsLines({ acl, direction, number, family, protocol, range, remote }: NewEntry): readonly string[] {
  const known = OWN_ID.test(acl.id);
  const words = [
    'aws ec2 create-network-acl-entry',
    `--network-acl-id ${known ? acl.id : '"$ACL_ID"'}`,
    direction === 'inbound' ? '--ingress' : '--egress',
    `--rule-number ${number}`,
    `--protocol ${protocol}`,
    `--port-range From=${range.from},To=${range.to}`,
    `${family === 'ipv4' ? '--cidr-block' : '--ipv6-cidr-block'} ${remote}`,
    '--rule-action allow',
  ];
  return [...(known ? [] : [`# ACL_ID is the id of ${scrub(acl.id)}`]), words.join(' ')];
}

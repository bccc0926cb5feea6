import type { AddCommand } from '../context.ts';
import { addAclCheck } from './acl-check.ts';
import { addAclExplain } from './acl-explain.ts';
import { addAclFix } from './acl-fix.ts';
import { addAclRanges } from './acl-ranges.ts';
import { addAclShow } from './acl-show.ts';

const HELP = `
A stateless ACL lets an answer in by our source port, and a request out by the service's port; these commands put both together.
  aws ec2 describe-network-acls | portfence acl ranges --file - --subnet subnet-0abc --service 443/tcp --service 53/udp`;

export const aclCommand: AddCommand = (program, context, respond) => {
  const command = program
    .command('acl')
    .description('network ACLs: which source ports come back, and whether the fence fits')
    .addHelpText('after', HELP);
  addAclRanges(command, context, respond);
  addAclCheck(command, context, respond);
  addAclShow(command, context, respond);
  addAclExplain(command, context, respond);
  addAclFix(command, context, respond);
};

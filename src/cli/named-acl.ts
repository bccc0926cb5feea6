import { resolve } from 'node:path';
import type { AclPorts } from '../policy/schema.ts';

/** A network ACL as a policy names it. */
export type NamedAcl = Pick<AclPorts, 'acl' | 'subnet'>;

/** The one of the flags `--acl` and `--subnet`. A file's path is made whole: the policy's folder is another one than that of the person who types. */
export function namedAcl(acl: string, subnet: string | undefined): NamedAcl {
  return { acl: acl === 'auto' ? acl : resolve(acl), ...(subnet === undefined ? {} : { subnet }) };
}

/** A policy that says nothing but that its ports come from this ACL. */
export const policyOfAcl = (named: NamedAcl): string => `version: 1\nports: ${JSON.stringify(named)}\n`;

import { PortfenceError } from '../errors.ts';
import { HIGHEST_PORT } from '../ports.ts';
import { aclPortsRequest, type PolicyFlags, parsePolicy } from './parse.ts';
import { renderPolicy } from './render.ts';

/** The policy of many hosts. */
export interface FleetPolicy {
  /** The text of the policy file. */
  readonly policyText: string;
  /** The port at which the policy has the agents serve metrics; undefined where it has none. */
  readonly metricsPort?: number;
}

/** What any network ACL could tell: it is asked on the nodes, not here. */
const UNKNOWN = [{ from: 1024, to: HIGHEST_PORT }];

/**
 * The policy for the nodes: the text as it is where no flag overrides it. Throws POLICY for a wrong one, and USAGE for one
 * that names a file of network ACLs, which no node has.
 */
export function fleetPolicy({ text, file, flags }: { text?: string; file?: string; flags: PolicyFlags }): FleetPolicy {
  const given = { flags, ...(text === undefined ? {} : { text }), ...(file === undefined ? {} : { file }) };
  const acl = aclPortsRequest(given);
  if (acl && acl.acl !== 'auto')
    throw new PortfenceError('USAGE', `the policy takes its ports from the file ${acl.acl}, which no node has`, {
      hint: 'write the ranges that `portfence acl ranges` gives, or acl: auto on EC2',
    });
  const { policy } = parsePolicy({ ...given, ...(acl ? { aclPorts: UNKNOWN } : {}) });
  const digits = policy.listen?.split(':').at(-1);
  const metrics = digits === undefined ? {} : { metricsPort: Number(digits) };
  if (text !== undefined && Object.keys(flags).length === 0)
    return { policyText: text.endsWith('\n') ? text : `${text}\n`, ...metrics };
  if (!acl) return { policyText: renderPolicy(policy), ...metrics };
  const { families: _, ...asked } = acl;
  return { policyText: renderPolicy(policy, { acl: asked }), ...metrics };
}

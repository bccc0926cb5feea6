import { type Command, Option } from 'commander';
import { BACKEND_REQUESTS, type BackendRequest } from '../backends/backend.ts';
import { PortfenceError } from '../errors.ts';
import { isBlank } from '../policy/blank.ts';
import { type AclPortsRequest, aclPortsRequest, type PolicyFlags, parsePolicy } from '../policy/parse.ts';
import { problemText } from '../policy/problem.ts';
import { HIGHEST_PORT, type PortSet } from '../ports.ts';
import { readState, stateFolder } from '../reconcile/state.ts';
import type { PolicySource } from '../reconcile/survey.ts';
import { aclFileOf, aclPorts } from './acl-ports.ts';
import type { Context } from './context.ts';

/** The policy file that is read where no flag names another or gives ports. */
export const DEFAULT_POLICY = '/etc/portfence/policy.yaml';

const ALL_ALLOWED: PortSet = [{ from: 1024, to: HIGHEST_PORT }];

/** The flags of `withPolicyFlags`, as commander gives them. */
export interface PolicyOptions {
  readonly policy?: string;
  readonly ports?: string;
  readonly uplink?: readonly string[];
  readonly protocols?: string;
  readonly families?: string;
  readonly host?: string;
  readonly hostRange?: string;
  readonly forwarded?: string;
  readonly guard?: string;
  readonly exempt?: readonly string[];
  readonly exemptPorts?: string;
  readonly backend?: BackendRequest;
}

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, ...value.split(',')];

/** Adds the flags that choose a policy or override a part of it. */
export function withPolicyFlags(command: Command): Command {
  return command
    .addOption(new Option('--policy <file>', `policy file (default: ${DEFAULT_POLICY})`))
    .addOption(new Option('--ports <ranges>', 'allowed source ports, like 49152-61000 or 40000-40999,50000-59999'))
    .addOption(
      new Option('--uplink <names>', 'interfaces that lead out, names or globs; may be repeated').argParser(collect),
    )
    .addOption(new Option('--protocols <list>', 'tcp,udp,sctp'))
    .addOption(new Option('--families <list>', 'ipv4,ipv6'))
    .addOption(new Option('--exempt <cidrs>', 'destinations that are left alone; may be repeated').argParser(collect))
    .addOption(new Option('--exempt-ports <ports>', 'source ports that are left alone'))
    .addOption(new Option('--host <mode>', "the host's own sockets: ephemeral, all or off"))
    .addOption(new Option('--host-range <mode>', "the host's ip_local_port_range: auto, always or never"))
    .addOption(
      new Option('--forwarded <mode>', 'forwarded traffic that is no container: leave, keep-address or masquerade'),
    )
    .addOption(new Option('--guard <mode>', 'what still leaves out of range: count, drop or off'))
    .addOption(
      new Option(
        '--backend <name>',
        'nftables, iptables or auto (default: as the last apply was asked, else auto)',
      ).choices(BACKEND_REQUESTS),
    );
}

/** Bytes; a policy of a thousand exempt blocks has 20,000. */
const LARGEST_POLICY = 1024 * 1024;

/**
 * The policy that the flags and files name. `applied` lets a command that only looks take the policy of the running fence
 * where no flag names another; `remember` keeps what a network ACL said of the ports. Throws USAGE where there is none at all, and
 * what the look-up of the ACL throws.
 */
export async function policySource(
  context: Context,
  options: PolicyOptions,
  use: { applied: boolean; remember?: boolean },
): Promise<PolicySource> {
  const { system } = context;
  const flags = flagsOf(options);
  const named = options.policy !== undefined || flags.ports !== undefined;
  if (use.applied && !named) {
    const { wanted } = await readState(system, await stateFolder(system)).catch(() => ({ wanted: null }));
    if (wanted && Object.keys(flags).length === 0) return () => wanted.policy;
  }
  const file = options.policy ?? DEFAULT_POLICY;
  const found = await system.readText(file, LARGEST_POLICY);
  // A package brings a sample in which every line is a comment; a policy that is named has to say something.
  const text = found !== undefined && options.policy === undefined && isBlank(found) ? undefined : found;
  if (text === undefined && options.policy !== undefined) {
    throw new PortfenceError('USAGE', `there is no policy file ${file}`);
  }
  if (text === undefined && flags.ports === undefined) {
    throw new PortfenceError(
      'USAGE',
      `no policy: ${file} ${found === undefined ? 'does not exist' : 'holds comments alone'} and --ports is not given`,
      {
        hint: 'for a first try, no file is needed: portfence plan --ports 49152-61000',
      },
    );
  }
  return readPolicy(context, { flags, ...(text === undefined ? {} : { text }), file, remember: use.remember ?? false });
}

/** What a policy is read from. */
export interface GivenPolicy {
  readonly flags: PolicyFlags;
  /** The text of the policy file; undefined where there are flags alone. */
  readonly text?: string;
  /** The policy file, which a file of network ACLs stands beside. */
  readonly file: string;
  /** Whether what a network ACL says of the ports is kept. */
  readonly remember: boolean;
}

/** The policy of a text and flags. Throws POLICY, and what the look-up of a network ACL throws. */
export async function readPolicy(
  context: Context,
  { flags, text, file, remember }: GivenPolicy,
): Promise<PolicySource> {
  const given = { flags, ...(text === undefined ? {} : { text, file }) };
  const request = aclPortsRequest(given);
  if (request) parsePolicy({ ...given, aclPorts: ALL_ALLOWED }); // Whatever else is wrong is told before anybody is asked.
  const told = request && (await aclPorts(context, { request, policyFile: file, remember }));
  return (interfaces) => {
    const read = parsePolicy({
      ...given,
      ...(told === undefined ? {} : { aclPorts: told }),
      ...(interfaces === undefined ? {} : { interfaces }),
    });
    for (const warning of read.warnings) context.say(`warning: ${problemText(warning)}`);
    return read.policy;
  };
}

/** The files that the policy is made of at this moment: its own, and the network ACLs that it names. */
export async function policyFiles({ system }: Context, options: PolicyOptions): Promise<readonly string[]> {
  const file = options.policy ?? DEFAULT_POLICY;
  const text = await system.readText(file, LARGEST_POLICY);
  const request = aclPortsRequest({ flags: flagsOf(options), ...(text === undefined ? {} : { text }) });
  const acls = request && aclFileOf(request, file);
  return acls === undefined ? [file] : [file, acls];
}

/** What the policy asks of a network ACL at this moment; undefined where it names its ports itself. */
export async function aclRequestOf({ system }: Context, options: PolicyOptions): Promise<AclPortsRequest | undefined> {
  const text = await system.readText(options.policy ?? DEFAULT_POLICY);
  return aclPortsRequest({ flags: flagsOf(options), ...(text === undefined ? {} : { text }) });
}

/** The flags that override a part of the policy. */
export function flagsOf(options: PolicyOptions): PolicyFlags {
  const { ports, uplink, protocols, families, host, hostRange, forwarded, guard, exempt, exemptPorts } = options;
  const all = { ports, uplink, protocols, families, host, hostRange, forwarded, guard, exempt, exemptPorts };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

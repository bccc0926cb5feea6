import type { Command } from 'commander';
import type { AclInventory } from '../acl/model.ts';
import type { Cidr } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { readNamedFile } from './acl-files.ts';
import { type ParameterOptions, parameterValues, withParameters } from './acl-parameters.ts';
import type { Context } from './context.ts';

/** Where the ACLs come from. */
export interface AclSourceOptions extends ParameterOptions {
  readonly file?: readonly string[];
  readonly live?: boolean;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** What is asked about; this host's own subnet where neither is named, which only `live` can tell. */
  readonly subnet?: readonly string[];
  readonly acl?: string;
  readonly vpc?: string;
  readonly all?: boolean;
}

/** What was read, and what the source knows of this host. */
export interface AclSource {
  readonly inventory: AclInventory;
  /** The subnet that this host is in. */
  readonly subnet?: string;
  /** The primary IPv4 block of its VPC. */
  readonly vpcBlock?: Cidr;
}

const STDIN = 'stdin';

/** Adds the flags that name the source. */
export function withAclSource(command: Command): Command {
  return withParameters(command)
    .option(
      '--file <file>',
      'a file of network ACLs, - for standard input; may be repeated: aws ec2 describe-network-acls, terraform show -json, CloudFormation, a table',
      (file: string, all: readonly string[] = []): readonly string[] => [...all, file],
    )
    .option(
      '--live',
      "ask EC2 now, with the credentials that AWS's own programs take; on an instance, for its own subnet unless another is named",
    )
    .option('--profile <name>', 'with --live: the AWS profile')
    .option('--region <name>', "with --live: the region (default: this instance's, or the profile's)")
    .option('--endpoint <url>', "with --live: another address of EC2's API, like a VPC endpoint");
}

/**
 * Reads the ACLs that the flags name. Throws USAGE where none is named or a file can't be read, ACL_FILE for what is in it, CLOUD where
 * EC2 does not tell.
 */
export async function readAclSource(context: Context, options: AclSourceOptions): Promise<AclSource> {
  const { system } = context;
  const { file: names = [], live } = options;
  if (live) return readLiveSource(context, options);
  const stray = (['profile', 'region', 'endpoint'] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined) throw new PortfenceError('USAGE', `--${stray} goes with --live`);
  if (names.length === 0)
    throw new PortfenceError('USAGE', 'no network ACLs are named', {
      hint: '--live asks EC2; or aws ec2 describe-network-acls > acls.json, then --file acls.json',
    });
  if (names.filter((name) => name === '-').length > 1)
    throw new PortfenceError('USAGE', 'standard input can be read once', { hint: 'leave one --file - out' });
  const files = [];
  for (const name of names)
    files.push({ name: name === '-' ? STDIN : scrub(name), text: await readNamedFile(system, name) });
  const { readAclFiles } = await import('../acl/readers/read.ts');
  return { inventory: readAclFiles(files, await parameterValues(system, options)) };
}

async function readLiveSource({ system, say }: Context, options: AclSourceOptions): Promise<AclSource> {
  const { file, profile, region, endpoint, subnet, acl, vpc, all, parameter, parameters } = options;
  if (file !== undefined)
    throw new PortfenceError('USAGE', 'the ACLs come from files or from EC2, not from both', {
      hint: 'leave --file or --live out',
    });
  if (parameter !== undefined || parameters !== undefined)
    throw new PortfenceError('USAGE', '--parameter goes with --file: EC2 tells rules without parameters');
  const { readLive } = await import('../cloud/live.ts');
  const ofThisHost = subnet === undefined && acl === undefined && !all && vpc === undefined;
  const { inventory, here } = await readLive(system, { profile, region, endpoint, ofThisHost });
  if (!here) return { inventory };
  say(`note: this host is in ${here.subnet} of ${here.vpc}, ${here.region}`);
  return { inventory, subnet: here.subnet, vpcBlock: here.vpcBlock };
}

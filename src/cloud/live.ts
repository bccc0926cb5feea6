import type { AclInventory } from '../acl/model.ts';
import { readAwsOutput } from '../acl/readers/aws-output.ts';
import { mergeInventories } from '../acl/readers/merge.ts';
import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { type InstancePlace, instancePlace } from './instance.ts';
import { openMetadata } from './metadata.ts';

/** What the flags say about the EC2 API; undefined takes what the AWS SDK finds. */
export interface LiveOptions {
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Another address of the EC2 API. */
  readonly endpoint: string | undefined;
  /** Whether the question is about this host's own subnet: then metadata is asked first, and its region counts. */
  readonly ofThisHost: boolean;
}

/** The network ACLs and subnets of one region, as EC2 gives them now. */
export interface LiveNetwork {
  readonly region: string;
  readonly inventory: AclInventory;
  /** This host's place in the VPC; undefined where the question is not about this host. */
  readonly here: InstancePlace | undefined;
}

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/;

/**
 * Reads the network ACLs and subnets of a region from EC2. Throws CLOUD, ACL_FILE
 * for an answer that no EC2 gives, and USAGE for a flag that can't be right.
 */
export async function readLive(system: System, options: LiveOptions): Promise<LiveNetwork> {
  const { region, profile, endpoint, ofThisHost } = options;
  if (region !== undefined && !REGION.test(region))
    throw new PortfenceError('USAGE', `--region ${region} is no AWS region`, { hint: 'write it like eu-central-1' });
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)))
    throw new PortfenceError('USAGE', `--endpoint ${endpoint} is no URL`, {
      hint: 'write it like https://vpce-....ec2.eu-central-1.vpce.amazonaws.com',
    });
  const here = ofThisHost ? await thisHost(system, 'name the subnet with --subnet') : undefined;
  const { listRegion } = await import('./ec2/listing.ts');
  const listed = await listRegion({
    region: region ?? here?.region,
    fallback: async () => (await thisHost(system, 'name the region with --region or AWS_REGION')).region,
    profile,
    endpoint,
    now: () => system.now(),
  });
  const place = { file: `EC2 ${listed.region}`, path: '' };
  const inventory = mergeInventories([readAwsOutput([{ value: listed.document, place }])]);
  return { region: listed.region, inventory, here };
}

async function thisHost(system: System, elsewhere: string): Promise<InstancePlace> {
  try {
    return await instancePlace(await openMetadata(system));
  } catch (error) {
    throw withHint(error, `anywhere but on the instance itself, ${elsewhere}`);
  }
}

function withHint(error: unknown, more: string): unknown {
  if (!(error instanceof PortfenceError)) return error;
  const { code, message, hint, detail } = error;
  return new PortfenceError(code, message, {
    hint: [hint, more].filter(Boolean).join('; '),
    ...(detail === undefined ? {} : { detail }),
    cause: error,
  });
}

import { EC2Client, paginateDescribeNetworkAcls, paginateDescribeSubnets } from '@aws-sdk/client-ec2';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { PortfenceError } from '../../errors.ts';
import { type Call, callFailure, NOT_EC2 } from './failure.ts';

const CONNECT_MS = 3000;
const ANSWER_MS = 10_000;
const WHOLE_MS = 60_000;
const ATTEMPTS = 3;
const PAGE = 1000;
const MOST_PAGES = 500;
const METADATA_MS = 1000;

/** Which region of which account is listed, and how it is reached; undefined takes what the AWS SDK finds. */
export interface Ec2Options {
  /** The region that is asked for; undefined for the one of the environment or the profile, else `fallback`. */
  readonly region: string | undefined;
  readonly fallback: () => Promise<string>;
  readonly profile: string | undefined;
  readonly endpoint: string | undefined;
  /** Milliseconds since the epoch, to recognise a wrong clock. */
  readonly now: () => number;
}

/** What EC2 lists for a region, every page of it, in the form of `aws ec2 describe-network-acls` and `describe-subnets`. */
export interface Ec2Listing {
  readonly region: string;
  readonly document: { readonly NetworkAcls: readonly unknown[]; readonly Subnets: readonly unknown[] };
}

/**
 * Every network ACL and subnet of a region, by the EC2 API, with the credentials that AWS's own programs would take (environment, profile,
 * SSO, container, instance role by IMDSv2). 60 s at most. Throws CLOUD with the remedy. Importing this file loads the SDK: do it late.
 */
export async function listRegion({ region, fallback, profile, endpoint, now }: Ec2Options): Promise<Ec2Listing> {
  const client = new EC2Client({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
    credentialDefaultProvider: (init) =>
      defaultProvider({ ...init, ec2MetadataV1Disabled: true, timeout: METADATA_MS, maxRetries: 1 }),
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  try {
    const known = await client.config.region().catch(() => undefined);
    if (known === undefined) return await listRegion({ region: await fallback(), fallback, profile, endpoint, now });
    const abortSignal = AbortSignal.timeout(WHOLE_MS);
    const config = { client, pageSize: PAGE };
    const acls = paginateDescribeNetworkAcls(config, {}, { abortSignal });
    const subnets = paginateDescribeSubnets(config, {}, { abortSignal });
    const where = { region: known, endpoint, profile, now };
    const document = {
      NetworkAcls: await rowsOf(acls, 'NetworkAcls', { ...where, action: 'DescribeNetworkAcls' }),
      Subnets: await rowsOf(subnets, 'Subnets', { ...where, action: 'DescribeSubnets' }),
    };
    return { region: known, document };
  } finally {
    client.destroy();
  }
}

async function rowsOf<Key extends string>(
  paginator: AsyncIterable<
    { readonly [K in Key]?: readonly unknown[] | undefined } & { readonly NextToken?: string | undefined }
  >,
  key: Key,
  call: Call,
): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  const tokens = new Set<string>();
  try {
    for await (const { [key]: rows, NextToken: token } of paginator) {
      // An empty listing has an empty list; a page of a proxy has none, and must not pass for "no ACLs".
      if (rows === undefined)
        throw new PortfenceError('CLOUD', `ec2:${call.action} in ${call.region} answers without ${key}`, NOT_EC2);
      all.push(...rows);
      if (!token) continue;
      if (tokens.has(token) || tokens.size >= MOST_PAGES)
        throw new PortfenceError('CLOUD', `ec2:${call.action} in ${call.region} does not come to an end`, {
          hint: tokens.has(token) ? 'it names the same next page twice' : `it has more than ${MOST_PAGES} pages`,
        });
      tokens.add(token);
    }
  } catch (error) {
    throw callFailure(error, call);
  }
  return all;
}

import { PortfenceError } from '../../errors.ts';
import { scrub, scrubLines } from '../../scrub.ts';

/** What reading network ACLs needs (service authorization reference, EC2): neither action can be narrowed to a resource. */
const PERMISSIONS = `{
  "Effect": "Allow",
  "Action": ["ec2:DescribeNetworkAcls", "ec2:DescribeSubnets"],
  "Resource": "*"
}`;
/** The remedy for an answer that has not the form of the EC2 API. */
export const NOT_EC2 = { hint: 'is this the EC2 API, and nothing between that answers instead of it?' };
/** AWS refuses requests whose time is further off than five minutes. */
const MOST_SKEW_MS = 300_000;

/** One request to the EC2 API, for messages; `now` gives milliseconds since the epoch. */
export interface Call {
  readonly action: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly profile: string | undefined;
  readonly now: () => number;
}

type Told = Error & {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
};

interface Row {
  readonly fits: (error: Told) => boolean;
  readonly message: (call: Call, error: Told) => string;
  readonly hint: string;
  readonly detail?: string;
}

const named =
  (...names: readonly string[]): Row['fits'] =>
  ({ name, code }) =>
    names.includes(name) || (typeof code === 'string' && names.includes(code));

/** Error codes of the EC2 API (EC2 API reference, "Error codes") and of the SDK; the first row that fits counts. */
const ROWS: readonly Row[] = [
  {
    fits: named('UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException'),
    message: ({ action, region }) => `these AWS credentials may not call ec2:${action} in ${region}`,
    hint: 'give them these permissions; `aws sts get-caller-identity` tells whose they are',
    detail: PERMISSIONS,
  },
  {
    fits: ({ message }) => /SSO session.*(?:expired|invalid)|Token is expired.*SSO|aws sso login/i.test(message),
    message: () => 'the AWS SSO session is not valid any more',
    hint: 'run `aws sso login`, with --profile where you use one',
  },
  {
    fits: named('ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'),
    message: () => 'the AWS credentials have expired',
    hint: 'get new ones: `aws sso login`, or whatever gave you these (AWS_SESSION_TOKEN)',
  },
  {
    fits: named('CredentialsProviderError', 'TokenProviderError', 'InstanceMetadataV1FallbackError', 'ProviderError'),
    message: ({ profile }) =>
      `no AWS credentials were found${profile === undefined ? '' : ` for the profile ${scrub(profile)}`}`,
    hint: 'name a profile (--profile, AWS_PROFILE), log in with `aws sso login`, or give the instance a role. From files, no credentials are needed: `--file`',
  },
  {
    fits: named(
      'AuthFailure',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'SignatureDoesNotMatch',
      'IncompleteSignature',
      'RequestExpired',
    ),
    message: ({ region }) => `AWS does not accept these credentials in ${region}`,
    hint: 'are they right and active, is the region enabled for the account, and is the clock of this host right?',
  },
  {
    fits: named('OptInRequired', 'PendingVerification', 'Blocked'),
    message: ({ region }) => `this AWS account may not use EC2 in ${region}`,
    hint: 'enable the region for the account, or name another with --region',
  },
  {
    fits: named(
      'RequestLimitExceeded',
      'Throttling',
      'ThrottlingException',
      'Unavailable',
      'InternalError',
      'ServiceUnavailable',
    ),
    message: ({ action }) => `EC2 does not serve ec2:${action} now`,
    hint: 'try again in a while',
  },
  {
    fits: named('ENOTFOUND', 'EAI_AGAIN'),
    message: (call) => `no address is known of ${apiOf(call)}`,
    hint: 'is the region right, and does this host resolve names? --endpoint names another address (a VPC endpoint)',
  },
  {
    fits: named(
      'TimeoutError',
      'AbortError',
      'ECONNREFUSED',
      'ECONNRESET',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'EPIPE',
    ),
    message: (call) => `${apiOf(call)} does not answer`,
    hint: 'does this subnet lead there (internet, NAT gateway, or a VPC endpoint for EC2)? No proxy is asked. --endpoint names another address',
  },
];

/** What an EC2 call failed with, as one sentence with its remedy. What AWS said follows, scrubbed. */
export function callFailure(error: unknown, call: Call): PortfenceError {
  if (error instanceof PortfenceError) return error;
  const told: Told = error instanceof Error ? error : new Error(String(error));
  const skew = clockSkew(told, call.now());
  if (skew !== undefined)
    return new PortfenceError(
      'CLOUD',
      `the clock of this host is ${skew} than AWS's, so that AWS refuses its requests`,
      {
        hint: 'set the clock (chrony, systemd-timesyncd)',
        detail: words(told),
        cause: error,
      },
    );
  const row = ROWS.find(({ fits }) => fits(told));
  return new PortfenceError('CLOUD', row?.message(call, told) ?? `ec2:${call.action} of ${apiOf(call)} failed`, {
    hint: row?.hint ?? NOT_EC2.hint,
    detail: [words(told), ...(row?.detail ? [row.detail] : [])].join('\n'),
    cause: error,
  });
}

const words = ({ name, message, code }: Told): string =>
  scrubLines(`${typeof code === 'string' ? code : name}: ${message || 'no reason given'}`);

const apiOf = ({ endpoint, region }: Call): string =>
  endpoint === undefined ? `the EC2 API of ${region}` : `the EC2 API at ${scrub(endpoint)}`;

/** "17 minutes later", where AWS refused and its own date is that far from ours. */
function clockSkew({ $metadata, $response }: Told, now: number): string | undefined {
  const status = $metadata?.httpStatusCode ?? 0;
  const date = Date.parse($response?.headers?.['date'] ?? '');
  if (status < 400 || status >= 500 || Number.isNaN(date) || Math.abs(now - date) < MOST_SKEW_MS) return undefined;
  return `${Math.round(Math.abs(now - date) / 60_000)} minutes ${now > date ? 'later' : 'earlier'}`;
}

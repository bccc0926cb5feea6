import { PortfenceError } from '../errors.ts';

/** Where EC2 instance metadata answers (EC2 user guide, "Access instance metadata for an EC2 instance"). */
const ENDPOINT = { ipv4: 'http://169.254.169.254', ipv6: 'http://[fd00:ec2::254]' } as const;

/**
 * The endpoints to ask in turn, each a URL without a path: the one that is given by the flag, else by the variables that AWS's own
 * programs read, else both of EC2's. Throws USAGE for what is no plain HTTP URL, and where the variables switch metadata off.
 */
export function metadataEndpoints(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (given !== undefined) return [plain(given, '--metadata-endpoint')];
  const variable = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true')
    throw new PortfenceError('USAGE', 'AWS_EC2_METADATA_DISABLED=true forbids asking EC2 metadata', {
      hint: 'unset it for this command',
    });
  if (env[variable]) return [plain(env[variable], variable)];
  const mode = env[`${variable}_MODE`]?.toLowerCase();
  return mode === 'ipv6' ? [ENDPOINT.ipv6] : mode === 'ipv4' ? [ENDPOINT.ipv4] : [ENDPOINT.ipv4, ENDPOINT.ipv6];
}

function plain(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === 'http:' && !url.username && !url.password && !url.search && !url.hash;
  if (!url || !isPlain || url.pathname !== '/')
    throw new PortfenceError('USAGE', `${source}: ${text} is no URL of a metadata service`, {
      hint: `write http://ADDRESS[:PORT], like ${ENDPOINT.ipv4} or ${ENDPOINT.ipv6}`,
    });
  return url.origin;
}

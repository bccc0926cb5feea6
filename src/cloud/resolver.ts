import type { Cidr } from '../addresses.ts';
import type { System } from '../system/system.ts';
import { primaryBlock } from './instance.ts';
import { openMetadata } from './metadata.ts';

/** The same in every VPC, on Nitro instances alone (VPC user guide, "Amazon DNS server"). */
const RESOLVER_IPV6 = 'fd00:ec2::253';

/** Where instance metadata is asked (undefined for AWS's own addresses), and for which families. */
export interface ResolverOptions {
  readonly endpoint: string | undefined;
  /** Adds the resolver's IPv6 address. */
  readonly ipv6: boolean;
}

/** The addresses of this VPC's own resolver, IPv4 first. Throws what `openMetadata` and `primaryBlock` throw. */
export async function vpcResolvers(
  system: Pick<System, 'http' | 'env'>,
  { endpoint, ipv6 }: ResolverOptions,
): Promise<readonly string[]> {
  const metadata = await openMetadata(system, endpoint);
  return [baseResolver(await primaryBlock(metadata)), ...(ipv6 ? [RESOLVER_IPV6] : [])];
}

/** "The base of the VPC IPv4 network range plus two" (VPC user guide, "Amazon DNS server"). */
function baseResolver(block: Cidr): string {
  // A block of /28 or larger begins at a multiple of 16, so that adding carries nothing over.
  return block.replace(/(\d+)\/\d+$/, (_, last: string) => String(Number(last) + 2));
}

import type { Cidr } from '../addresses.ts';
import type { NetworkAcl } from './model.ts';

/** One end of the way: a subnet with its ACL. */
export interface Side {
  readonly acl: NetworkAcl;
  readonly subnet: string | undefined;
  /** The subnet's own blocks; none where they are not known. */
  readonly blocks: readonly Cidr[];
  /** The VPC's resolver: the base address of its primary block + 2; none where it is not known. */
  readonly resolvers: readonly Cidr[];
}

import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';

/** Where packets are sent from. */
export interface Origin {
  readonly kind: 'host' | 'container';
  /** How its checks are named: `host`, `container br-0123456789ab`. */
  readonly label: string;
  /** The bridge that its packets arrive on; undefined for the host itself. */
  readonly network: string | undefined;
  readonly via: 'docker' | undefined;
  /** Its own address by family; a family that it has none of is not sent. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
  readonly run: System['run'];
}

/** Something that verify does without where it is missing, and why. */
export interface NotThere {
  readonly note: string;
}

import type { Versions } from '../versions.ts';
import type { Case } from './cases.ts';
import type { Contender } from './contenders.ts';
import type { Loaded } from './load.ts';

/** One case under one contender. */
export interface Cell extends Loaded {
  /** TCP and UDP packets that left with a port that the ACL would not let back in. */
  readonly outOfRange: number;
}
export type Row = { readonly case: Case } & { readonly cells: Readonly<Record<Contender['id'], Cell>> };

export interface DataplaneSeen {
  readonly versions: Versions;
  readonly cores: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly targets: readonly Judged[];
  readonly met: boolean;
}

export interface Judged {
  readonly promise: string;
  readonly seen: string;
  readonly met: boolean;
}

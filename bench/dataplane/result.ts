import type { Versions } from '../versions.ts';
import type { Case } from './cases.ts';
import type { MeasuredFence } from './fences.ts';
import type { Loaded } from './load.ts';

/** One case under one fence. */
export interface Cell extends Loaded {
  /** TCP and UDP packets that left with a port that the ACL would not let back in. */
  readonly outOfRange: number;
}
/** One case under every fence. */
export type Row = { readonly case: Case } & { readonly cells: Readonly<Record<MeasuredFence['id'], Cell>> };

/** What every load came to. */
export interface DataplaneResult {
  readonly versions: Versions;
  readonly cores: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly targets: readonly Judged[];
  readonly met: boolean;
}

/** One target and whether it was met. */
export interface Judged {
  readonly promise: string;
  readonly seen: string;
  readonly met: boolean;
}

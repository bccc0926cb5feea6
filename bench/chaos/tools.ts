import type { Downloads } from './downloads.ts';
import type { Step } from './schedule.ts';
import type { ChaosSetup } from './setup.ts';

/**
 * Which connections the kernel itself ends, whatever fence there is. `masqueraded`: those of containers, since an interface that
 * goes down makes it forget what it masqueraded there (nf_nat_masquerade.c). `translated`: those and the host's own with another
 * port than the program's, since nothing translates them while no nat chain is there, or nothing knows how.
 */
export type Ends = 'nothing' | 'masqueraded' | 'translated';

/** Something that was done to the host. Milliseconds since the epoch. */
export interface Harm {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly ends: Ends;
  /** The fence was not there in this time. */
  readonly open: boolean;
}

/** What a disturbance works with. */
export interface Tools {
  readonly setup: ChaosSetup;
  readonly step: Step;
  /** The run comes to its end. */
  readonly signal: AbortSignal;
  /** Waits, unless the run comes to its end first. */
  pause(ms: number): Promise<void>;
  /** Work that must not meet other work on the same thing; it waits for its turn. */
  alone<T>(what: 'agent' | 'engine' | 'uplink', work: () => Promise<T>): Promise<T>;
  /** Notes when harm was done. */
  note(harm: Omit<Harm, 'name'>): void;
  /** Takes what the ACL noted so far, so that it is not mixed with what comes later. */
  collect(): Promise<void>;
  /** Downloads in a new container on this network. */
  download: Downloads['on'];
  usePolicy(variant: number): Promise<void>;
  /** What one disturbance leaves for the others to know. */
  readonly shared: {
    /** Docker's own rules are there, as far as we know. */
    dockerRules: boolean;
  };
}

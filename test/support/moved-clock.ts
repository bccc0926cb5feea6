import type { System } from '../../src/system/system.ts';

/** A system whose clocks are moved by hand, in ms: the one that the administrator can set, and the one that counts from the boot. */
export interface MovedClock {
  readonly system: System;
  /** Time passes: both clocks go on. */
  pass(ms: number): void;
  /** The administrator sets the clock of the host. */
  set(ms: number): void;
}

/** Wraps a system; its clocks show what the test sets. */
export function movedClock(system: System): MovedClock {
  let wall = system.now();
  let boot = 1_000_000;
  return {
    system: { ...system, now: () => wall, bootMs: () => boot },
    pass: (ms) => {
      wall += ms;
      boot += ms;
    },
    set: (ms) => {
      wall += ms;
    },
  };
}

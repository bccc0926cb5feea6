import type { BaseChain } from '../observe/base-chains.ts';
import { type CounterKey, counterKey, TALLIES, type Tally, UNTRACKED } from '../plan/counters.ts';
import type { System } from '../system/system.ts';
import { observeNatChains } from './nat-chains.ts';
import type { State } from './state.ts';
import type { Survey } from './survey.ts';

export interface Count extends CounterKey {
  readonly packets: number;
}

/** How the fence stands in the kernel at this moment. */
export interface Standing {
  /** The table is there and nothing in it differs from the plan. */
  readonly enforced: boolean;
  readonly drift: readonly string[];
  readonly totals: Readonly<Record<Tally | typeof UNTRACKED, number>>;
  readonly counts: readonly Count[];
  readonly layers: {
    /** Whether the host's own range is set as the plan says; null where the plan leaves it alone. */
    readonly hostRange: boolean | null;
    readonly confine: boolean;
    readonly guard: 'count' | 'drop' | 'off';
  };
  /** Source NAT chains of others that come before ours and may take a flow first. */
  readonly natBeforeOurs: readonly BaseChain[];
  /** What the backend can't promise, one sentence each. */
  readonly limits: readonly string[];
  /** A removed fence still carries connections. */
  readonly draining: boolean;
  /** An apply waits to be confirmed until then (ms since the epoch). */
  readonly confirmBefore: number | undefined;
}

/** Reads how the fence stands, given what ought to be. */
export async function standing(system: System, survey: Survey, state: State): Promise<Standing> {
  const chains = await observeNatChains(system);
  const { present, plan, backend } = survey;
  const counts = (present?.counters ?? []).flatMap(({ name, packets }): Count[] => {
    const key = counterKey(name);
    return key ? [{ ...key, packets }] : [];
  });
  const total = (tally: Tally) =>
    counts.filter((one) => one.tally === tally).reduce((sum, one) => sum + one.packets, 0);
  const layers = backend.layers(present);
  const [confined, leaked, preexisting, leftAlone] = TALLIES.map(total);
  return {
    enforced: present !== undefined && survey.drift.length === 0,
    drift: survey.drift,
    totals: {
      confined: confined ?? 0,
      leaked: leaked ?? 0,
      preexisting: preexisting ?? 0,
      leftAlone: leftAlone ?? 0,
      untracked: present?.counters.find(({ name }) => name === UNTRACKED)?.packets ?? 0,
    },
    counts,
    layers: {
      hostRange: plan.settings.length === 0 ? null : survey.settings.length === 0,
      confine: layers.confine,
      guard: layers.guard ? plan.guard : 'off',
    },
    natBeforeOurs: chains.filter((chain) => chain.hook === 'postrouting' && !chain.idle && backend.comesAfter(chain)),
    limits: backend.limits(plan),
    draining: state.draining !== undefined,
    confirmBefore: state.pending?.deadline,
  };
}

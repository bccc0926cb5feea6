import type { FenceListing } from '../backends/listing.ts';
import type { BaseChain } from '../observe/base-chains.ts';
import { observePortShortage, type PortShortage } from '../observe/port-shortage.ts';
import {
  type CounterKey,
  counterKey,
  type Tally,
  UNTRACKED,
  UNTRANSLATED,
  unfollowedCounter,
} from '../plan/counters.ts';
import type { Plan, UnfollowedRule } from '../plan/plan.ts';
import { type PortSet, type Protocol, portSet } from '../ports.ts';
import type { System } from '../system/system.ts';
import { msUntil } from './deadline.ts';
import type { State } from './state.ts';
import type { Survey } from './survey.ts';

export interface Count extends CounterKey {
  readonly packets: number;
}

/** Packets of every origin, family and protocol together. */
export type FenceTotals = Readonly<Record<Tally | typeof UNTRACKED | typeof UNTRANSLATED, number>>;

/** A NAT rule of another that can't be followed. */
export interface UnfollowedStatus extends Omit<UnfollowedRule, 'number'> {
  readonly packets: number;
}

/** How the fence stands in the kernel at this moment. */
export interface FenceStatus {
  /** The table is there and nothing in it differs from the plan. */
  readonly enforced: boolean;
  readonly drift: readonly string[];
  readonly totals: FenceTotals;
  readonly counts: readonly Count[];
  readonly layers: {
    /** Whether the host's own range is set as the plan says; null where the plan leaves it alone. */
    readonly hostRange: boolean | null;
    readonly confine: boolean;
    readonly guard: 'count' | 'drop' | 'off';
  };
  /** Source NAT chains of others that come before ours and may take a flow first. */
  readonly natBeforeOurs: readonly BaseChain[];
  /** NAT rules of others that can't be followed, and the packets that left out of range and were left to them. */
  readonly unfollowed: readonly UnfollowedStatus[];
  /** Ports in the ephemeral range that stay since sockets of this host are bound to them. */
  readonly boundPorts: readonly { readonly protocol: Protocol; readonly ports: PortSet }[];
  readonly shortage: PortShortage;
  /** What the backend can't promise, one sentence each. */
  readonly limits: readonly string[];
  /** A removed fence still carries connections. */
  readonly draining: boolean;
  /** An apply waits to be confirmed until then (ms since the epoch); in the past where its rollback is overdue. */
  readonly confirmBefore: number | undefined;
  /** The deadline has passed, and the rollback has not happened yet. */
  readonly rollbackOverdue: boolean;
}

/** Reads how the fence stands, given what ought to be. */
export async function fenceStatus(system: System, survey: Survey, state: State): Promise<FenceStatus> {
  const { present, plan, backend, natChains } = survey;
  const layers = backend.layers(present);
  const left = state.pending && (await msUntil(system, state.pending));
  return {
    enforced: present !== undefined && survey.drift.length === 0,
    drift: survey.drift,
    totals: fenceTotals(present),
    counts: countsOf(present),
    layers: {
      hostRange: plan.settings.length === 0 ? null : survey.settings.every(({ drift }) => drift === undefined),
      confine: layers.confine,
      guard: layers.guard ? plan.guard : 'off',
    },
    natBeforeOurs: natChains.filter(
      (chain) => chain.hook === 'postrouting' && !chain.idle && backend.comesAfter(chain),
    ),
    unfollowed: plan.nat.unfollowed.map(({ number, family, rule }) => ({
      family,
      rule,
      packets: counterPackets(present, unfollowedCounter(number)),
    })),
    boundPorts: boundPorts(plan),
    shortage: await observePortShortage(system, plan.ranges),
    limits: backend.limits(plan),
    draining: state.draining !== undefined,
    confirmBefore: left === undefined ? undefined : system.now() + left,
    rollbackOverdue: left !== undefined && left <= 0,
  };
}

function countsOf(present: FenceListing | undefined): readonly Count[] {
  return (present?.counters ?? []).flatMap(({ name, packets }): Count[] => {
    const key = counterKey(name);
    return key ? [{ ...key, packets }] : [];
  });
}

/** The counters of a fence as it was read back; zeros where there is none. */
export function fenceTotals(present: FenceListing | undefined): FenceTotals {
  const counts = countsOf(present);
  const total = (tally: Tally): number =>
    counts.filter((one) => one.tally === tally).reduce((sum, one) => sum + one.packets, 0);
  return {
    confined: total('confined'),
    leaked: total('leaked'),
    preexisting: total('preexisting'),
    leftAlone: total('leftAlone'),
    unfollowed: total('unfollowed'),
    untranslated: counterPackets(present, UNTRANSLATED),
    untracked: counterPackets(present, UNTRACKED),
  };
}

const counterPackets = (present: FenceListing | undefined, wanted: string): number =>
  present?.counters.find(({ name }) => name === wanted)?.packets ?? 0;

/** What the plan leaves to sockets of this host that are bound within the ephemeral range. */
function boundPorts({ sets, protocols }: Plan): FenceStatus['boundPorts'] {
  const bound = sets.flatMap((set) => (set.holds === 'ports' ? set.elements : []));
  return protocols.flatMap((protocol) => {
    const ports = bound.filter((one) => one.protocol === protocol).map(({ port }) => ({ from: port, to: port }));
    return ports.length > 0 ? [{ protocol, ports: portSet(...ports) }] : [];
  });
}

import type { HeldConnectionEvent } from '../../src/lab/held-connections.ts';
import type { Stray } from '../../src/lab/stray-log.ts';
import type { Caller } from './addresses.ts';
import type { HeldKind } from './held-connections.ts';
import type { Harm } from './tools.ts';

/** Milliseconds by which the kernel's ticks and our own clock may differ. */
const BLUR_MS = 20;

/** A held connection that ended, with its kind. */
export type Cut = Extract<HeldConnectionEvent, { what: 'cut' }> & { readonly kind: HeldKind };

/** Until the agent has let go of a connection that began while the fence was away, in milliseconds. */
const LET_GO_MS = 3000;

/**
 * Why a flow out of range is none of the fence's. `away`: it began while a disturbance had taken the fence away, from a port that its
 * program had bound. `forgotten`: the last packets of a connection that the kernel was made to forget, from a bound port as well;
 * nothing can translate them, and no answer can come.
 */
export interface Excuse {
  readonly why: 'away' | 'forgotten';
  readonly harm: string;
}

/** A flow that left out of range; without an excuse it is a leak. */
export interface JudgedStray extends Stray {
  readonly caller: Caller | undefined;
  readonly excuse: Excuse | undefined;
}

/** A connection that did not live on, and what ended it. */
export interface JudgedCut extends Cut {
  /** The harm with which the kernel itself ends such a connection; undefined is a cut by us. */
  readonly by: string | undefined;
}

/**
 * Judges flows as they were noted, in the order of their times; one that was noted twice began with the first. What the kernel
 * chooses is in range with or without rules, and is never excused.
 */
export function judgeStrays(
  strays: readonly Stray[],
  callerOf: (address: string) => Caller | undefined,
  harms: readonly Harm[],
): readonly JudgedStray[] {
  const began = new Map<string, number>();
  return strays.map((stray) => {
    const key = [stray.protocol, stray.source, stray.sourcePort, stray.destination].join(' ');
    const before = began.get(key) ?? Number.NEGATIVE_INFINITY;
    const first = stray.first - before < LET_GO_MS ? before : stray.first;
    began.set(key, first);
    const caller = callerOf(stray.destination);
    const excuse = caller?.chosen === 'bound' ? excuseOf({ ...stray, first }, caller, harms) : undefined;
    return { ...stray, caller, excuse };
  });
}

function excuseOf(stray: Stray, caller: Caller, harms: readonly Harm[]): Excuse | undefined {
  const away = harms.find(({ from, to, open }) => {
    const began = from - BLUR_MS <= stray.first + stray.blurMs && stray.first <= to + BLUR_MS;
    return open && began && stray.last <= to + LET_GO_MS;
  });
  if (away) return { why: 'away', harm: away.name };
  if (stray.opening) return undefined;
  const origin = caller.origin === 'host' ? 'host' : 'container';
  const forgot = harms.findLast(
    (harm) => harm.from - BLUR_MS <= stray.first + stray.blurMs && endedBy(harm, { origin, port: 'mapped' }),
  );
  return forgot && { why: 'forgotten', harm: forgot.name };
}

/** What ended a connection happened after its last answer and before the cut was noticed. */
export function judgeCut(cut: Cut, harms: readonly Harm[]): JudgedCut {
  const ends = (harm: Harm): boolean =>
    harm.from - BLUR_MS <= cut.at && harm.to + BLUR_MS >= cut.answeredAt && endedBy(harm, cut.kind);
  return { ...cut, by: harms.find(ends)?.name };
}

function endedBy({ ends }: Harm, { origin, port }: Pick<HeldKind, 'origin' | 'port'>): boolean {
  if (ends === 'nothing') return false;
  return origin === 'container' || (ends === 'translated' && port === 'mapped');
}

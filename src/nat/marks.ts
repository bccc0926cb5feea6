import type { Condition, MarkChange, MarkCondition, MarkOwner } from './model.ts';

const ALL_BITS = 0xffff_ffff;

/** What is known of a mark at some point: a change of the mark that the packet came with, or nothing any more. */
export type MarkState = MarkChange | 'lost';
export type MarkStates = Readonly<Record<MarkOwner, MarkState>>;

export const UNCHANGED: MarkChange = { keep: ALL_BITS, flip: 0 };
export const MARKS_UNCHANGED: MarkStates = { packet: UNCHANGED, connection: UNCHANGED };

/** iptables' `--set-xmark value/mask`: the mask's bits are cleared, then the value's flipped. */
export const xmark = (value: number, mask: number): MarkChange => ({ keep: ~mask >>> 0, flip: value >>> 0 });

/** First one change, then the other. */
export function thenChange(first: MarkState, second: MarkChange): MarkState {
  if (first === 'lost') return second.keep === 0 ? second : 'lost';
  return { keep: (first.keep & second.keep) >>> 0, flip: ((first.flip & second.keep) ^ second.flip) >>> 0 };
}

export const isUnchanged = (state: MarkState): boolean =>
  state !== 'lost' && state.keep === ALL_BITS && state.flip === 0;

/**
 * The condition on a mark that was changed on the way as a condition on the mark that the packet came with, or the answer
 * where that no longer matters. A lost mark makes it opaque.
 */
export function onInitialMark(condition: MarkCondition, states: MarkStates): Condition | boolean {
  const state = states[condition.of];
  if (state === 'lost') return { test: 'opaque', text: `a ${condition.of} mark that was restored on the way` };
  const mask = (condition.mask & state.keep) >>> 0;
  const values = condition.values
    .map((value) => (value ^ (state.flip & condition.mask)) >>> 0)
    .filter((value) => (value & ~mask) >>> 0 === 0);
  if (values.length === 0) return !condition.is;
  if (mask === 0) return condition.is;
  return { ...condition, mask, values };
}

export function markText(states: MarkStates): string {
  const words = (state: MarkState) =>
    state === 'lost' ? 'lost' : `${state.keep.toString(16)}^${state.flip.toString(16)}`;
  return `${words(states.packet)}/${words(states.connection)}`;
}

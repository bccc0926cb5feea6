import type { AgentState } from '../reconcile/agent-status.ts';

/** What happens to the agent, as far as its state is concerned. */
export type AgentEvent =
  /** The kernel was read back as planned. */
  | { readonly type: 'readBack' }
  /** The kernel is not as planned, and is about to be changed. */
  | { readonly type: 'disturbed' }
  /** An apply waits to be confirmed until then (ms since the epoch). */
  | { readonly type: 'unconfirmed'; readonly until: number }
  /** A removal is recorded. */
  | { readonly type: 'removed' }
  /** A policy was given that is to be applied, also where the fence was removed. */
  | { readonly type: 'ordered' }
  | { readonly type: 'failed'; readonly error: string };

/** The state that an event leads to; `now` in ms since the epoch. The same object where nothing changes. */
export function nextState(state: AgentState, event: AgentEvent, now: number): AgentState {
  switch (event.type) {
    case 'readBack':
      return state.name === 'inSync' ? state : { name: 'inSync', since: now };
    case 'removed':
      return state.name === 'removed' ? state : { name: 'removed', since: now };
    case 'disturbed':
      // Only what was in sync can fall out of it: a failing agent fails until the kernel was read back.
      return state.name === 'inSync' ? { name: 'restoring', since: now } : state;
    case 'ordered':
      return state.name === 'removed' ? { name: 'restoring', since: now } : state;
    case 'unconfirmed':
      if (state.name !== 'pending') return { name: 'pending', since: now, until: event.until };
      return state.until === event.until ? state : { ...state, until: event.until };
    case 'failed':
      if (state.name !== 'failing') return { name: 'failing', since: now, error: event.error };
      return state.error === event.error ? state : { ...state, error: event.error };
  }
}

import type { BackendRequest } from '../backends/backend.ts';
import { PortfenceError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import { applyLocked } from '../reconcile/apply.ts';
import { msUntil } from '../reconcile/deadline.ts';
import { fenceTotals } from '../reconcile/fence-status.ts';
import { locked } from '../reconcile/locked.ts';
import { takeAway } from '../reconcile/remove.ts';
import { restoreRules } from '../reconcile/restore.ts';
import { rollBackIfOverdue } from '../reconcile/rollback.ts';
import { NO_STATE, readState, type State, stateFolder, storedState } from '../reconcile/state.ts';
import type { PolicySource, Survey } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import { decide, type Order } from './decide.ts';
import { BEGAN_MEANWHILE_MS, dropFlowsInBackground, HANGS_AFTER_MS } from './drop-flows.ts';
import type { NativeLayer } from './native/native.ts';
import { reasonOf, type StatusFeed } from './status-feed.ts';
import { readUnchanged } from './unchanged.ts';

export interface ReconcilerOptions {
  /** The policy to begin with. */
  readonly source: PolicySource;
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given. */
  readonly backend?: BackendRequest | undefined;
  readonly native: NativeLayer;
  readonly feed: StatusFeed;
  readonly say: (line: string) => void;
  /** Learns what each look that succeeded found. */
  readonly onSurvey?: ((survey: Survey) => void) | undefined;
}

/** Compares desired and present state, and makes the one the other. None of it throws. */
export interface Reconciler {
  /** Observes, compiles, compares, applies and reads back, as far as the recorded state lets it. */
  look(): Promise<void>;
  /** Reads back what the last look wanted, and nothing else; false where that is not enough to say that all is well. */
  check(): Promise<boolean>;
  /** The fast way back for rules that were taken away; true where they were. */
  restore(): Promise<boolean>;
  /** A policy to apply from the next look on, also where the fence was removed. */
  order(source: PolicySource): void;
  /** Whether the rules stand in tables of others, who may come to stand before them. */
  sharesTables(): boolean;
  /** Settles when no flow is being dropped any more. */
  idle(): Promise<void>;
}

/** What the reconciler knows from one look to the next. */
interface Memory {
  source: PolicySource;
  order: Order | undefined;
  /** The policy that was applied last, or that waits to be confirmed. */
  policy: Policy | undefined;
  /** What the last look found and made true; undefined where it did not. */
  survey: Survey | undefined;
  /** The same of the last look that succeeded. */
  lastSurvey: Survey | undefined;
  /** The recorded state at the end of the last look, for the day on which its file is gone. */
  state: State | undefined;
  /** What was said of the failure that goes on. */
  failure: string | undefined;
}

/** A reconciler that has not looked yet. */
export function openReconciler(system: System, options: ReconcilerOptions): Reconciler {
  const { feed, native, say } = options;
  const memory: Memory = {
    source: options.source,
    order: 'start',
    ...{ policy: undefined, survey: undefined, lastSurvey: undefined, state: undefined, failure: undefined },
  };
  const flows = dropFlowsInBackground(system, say);
  const pass = { system, options, memory, flows };
  return {
    look: async () => {
      feed.update({ looks: feed.current().looks + 1 });
      try {
        memory.survey = undefined;
        memory.policy = await locked(system, say, (folder) => lookLocked(pass, folder));
        await native.want(memory.policy);
        memory.failure = undefined;
      } catch (error) {
        failed(pass, error);
        if (!memory.lastSurvey) await serveAsRecorded(pass).catch(() => {});
      }
      await ended(pass);
    },
    check: async () => {
      const unchanged = memory.survey && (await readUnchanged(system, memory.survey));
      if (!unchanged) return false;
      feed.happened({ type: 'readBack' });
      feed.update({ counters: fenceTotals(unchanged.present), drift: [] });
      await ended(pass);
      return true;
    },
    restore: async () => {
      const done = await restoreRules(system).catch(() => false);
      if (!done) return false;
      feed.update({ healed: feed.current().healed + 1 });
      feed.happened({ type: 'disturbed' });
      flows.drop(memory.lastSurvey, BEGAN_MEANWHILE_MS);
      return true;
    },
    order: (source) => {
      memory.source = source;
      memory.order = 'policy';
      feed.happened({ type: 'ordered' });
    },
    sharesTables: () => memory.lastSurvey !== undefined && memory.lastSurvey.backend.id !== 'nftables',
    idle: flows.idle,
  };
}

interface Pass {
  readonly system: System;
  readonly options: ReconcilerOptions;
  readonly memory: Memory;
  readonly flows: ReturnType<typeof dropFlowsInBackground>;
}

/** Decides and acts under the lock, so that no apply or removal comes in between. Gives the policy for containers. */
async function lookLocked(pass: Pass, folder: string): Promise<Policy | undefined> {
  const { system, options, memory } = pass;
  const { feed, say } = options;
  const recorded = await rollBackIfOverdue(system, folder, await recordedState(pass, folder));
  const decision = decide({ order: memory.order, recorded, own: memory.policy });
  if (decision.do === 'stayRemoved') {
    if (feed.current().state !== 'removed')
      say('the fence was removed: it stays removed until `portfence apply` or a new policy');
    if (recorded.draining) await takeAway(system, folder, recorded, { now: false });
    const stored = await storedState(system, folder);
    memory.state = stored === NO_STATE ? recorded : stored;
    feed.happened({ type: 'removed' });
    feed.update({ counters: null, drift: [] });
    return undefined;
  }
  if (decision.do === 'wait') {
    const left = recorded.pending ? await msUntil(system, recorded.pending) : 0;
    memory.state = recorded;
    feed.happened({ type: 'unconfirmed', until: system.now() + left });
    return decision.policy;
  }
  const { takeOver } = decision;
  if (takeOver) {
    say('another apply has changed the policy: it is taken over');
    memory.source = () => takeOver;
  }
  return applyOwn(pass, folder, recorded);
}

async function applyOwn({ system, options, memory, flows }: Pass, folder: string, recorded: State): Promise<Policy> {
  const { feed, say, dockerHost, backend } = options;
  const applied = await applyLocked(system, folder, recorded, {
    ...{ policy: memory.source, say, dockerHost, backend },
    keepHangingFlows: true,
    onDrift: async (drift) => {
      feed.update({ drift });
      if (drift.length > 0) feed.happened({ type: 'disturbed' });
    },
  });
  memory.order = undefined;
  memory.survey = applied.survey;
  memory.lastSurvey = applied.survey;
  memory.state = applied.state;
  options.onSurvey?.(applied.survey);
  feed.happened({ type: 'readBack' });
  feed.update({ drift: [], counters: fenceTotals(applied.present) });
  if (applied.changed) {
    // What was wanted before is wanted still: the kernel was changed by others.
    const isRestored = recorded.wanted !== null && recorded.wanted.appliedAt === applied.state.wanted?.appliedAt;
    if (isRestored) feed.update({ healed: feed.current().healed + 1 });
    flows.drop(applied.survey, HANGS_AFTER_MS);
    for (const line of applied.survey.drift) say(`mended: ${line}`);
  }
  return applied.survey.policy;
}

/** A failure takes nothing away from containers: until a look succeeds they have what the last apply was to give them. */
async function serveAsRecorded({ system, options: { native } }: Pass): Promise<void> {
  const { wanted, removed, draining } = await readState(system, await stateFolder(system));
  if (wanted && !removed && !draining) await native.want(wanted.policy);
}

/** The recorded state; where its file is gone, what it held: deleting it is no removal. */
async function recordedState({ system, options, memory }: Pass, folder: string): Promise<State> {
  const stored = await readState(system, folder);
  if (stored !== NO_STATE || !memory.state || memory.state === NO_STATE) return stored;
  options.say(`${folder}/state.json was deleted: it is written again (\`portfence remove\` removes the fence)`);
  return memory.state;
}

/** A failure is said once, not with every attempt. */
function failed({ options, memory }: Pass, error: unknown): void {
  const reason = reasonOf(error);
  options.feed.happened({ type: 'failed', error: error instanceof PortfenceError ? error.message : reason });
  if (reason === memory.failure) return;
  memory.failure = reason;
  options.say(`can't make the fence true, and try again: ${reason}`);
}

async function ended({ system, options: { feed, native } }: Pass): Promise<void> {
  feed.update({ native: await native.report().catch(() => feed.current().native), checkedAt: system.now() });
  feed.publish();
}

import { applyLocked } from '../apply/apply.ts';
import { dropHanging } from '../apply/hanging.ts';
import { locked } from '../apply/locked.ts';
import { putBack } from '../apply/put-back.ts';
import { PortfenceError } from '../errors.ts';
import { observeLinks } from '../observe/links.ts';
import type { Policy } from '../policy/policy.ts';
import type { BackendRequest } from '../survey/backend.ts';
import { readState } from '../survey/state.ts';
import type { PolicySource, Survey } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import { again } from './again.ts';
import { watchNamespaces } from './native/native.ts';
import type { NamespaceFolder } from './native/owned.ts';
import { type AgentReport, writeReport } from './report.ts';
import { lookSoon } from './soon.ts';
import { openSources } from './sources.ts';
import { stillTrue } from './still-true.ts';

export interface AgentOptions {
  /** Reads the policy anew; throws what its stage throws. */
  readonly load: () => Promise<PolicySource>;
  readonly files: readonly string[];
  readonly sockets: readonly string[];
  readonly folders: readonly NamespaceFolder[];
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given. */
  readonly backend?: BackendRequest | undefined;
  readonly say: (line: string) => void;
  /** Called once the fence stands and every container has its range, and after each look. */
  readonly onLook: (report: AgentReport) => Promise<void>;
  /** Ends the agent; the fence stays. */
  readonly signal: AbortSignal;
  /** Tells how a look-again can be asked for from outside (SIGHUP); `true` reads the policy anew. */
  readonly onHangup: (handler: () => void) => void;
}

/** Milliseconds between two looks when nothing happens. */
const INTERVAL_MS = 30_000;
/** How many of them in a row only compare the kernel with what the last look wanted: whatever else matters has told itself. */
const BRIEF_LOOKS = 9;

/** Milliseconds without an answer after which a connection hangs. */
const HANGS_AFTER_MS = 1000;
/**
 * The same for one that began while the fence was away: few have, and each goes on sending out of range until it is let go.
 */
const BEGAN_MEANWHILE_MS = 250;

/**
 * The loop that keeps the fence true: events mean *look again*, a look observes, compiles, compares and applies. A removal
 * by somebody is respected until somebody applies again; a bad new policy is refused and the last good one kept.
 */
export async function runAgent(system: System, options: AgentOptions): Promise<void> {
  const { say, signal } = options;
  const native = watchNamespaces(system, options);
  let source = await options.load();
  let policy: Policy | undefined;
  /** What the last look found and made true; undefined where it did not. */
  let found: Survey | undefined;
  let removed = false;
  let begun = false;
  /** The last look that made something true, whatever came after it. */
  let last: Survey | undefined;
  /** Our rules stand in tables of others, who may come to stand before them. */
  let amongOthers = false;
  const report: AgentReport = {
    pid: system.pid,
    since: system.now(),
    looks: 0,
    healed: 0,
    native: { given: 0, kept: [], folders: [] },
  };

  const lettingGo = new Set<Promise<void>>();
  /** Not under the lock, and nobody waits for it: whoever takes the fence away meanwhile must find it put back at once. */
  const letGo = async (patienceMs: number): Promise<void> => {
    if (!last) return;
    const going = dropHanging(system, last, say, patienceMs)
      .then(({ left }) => {
        if (left > 0) say(`${left} connections that hang are left to end by themselves`);
      })
      .catch((error: unknown) => say(`can't let go of connections that hang: ${String(error)}`));
    lettingGo.add(going);
    await going;
    lettingGo.delete(going);
  };

  /** Decides and acts under the lock, so that no apply or remove of somebody else comes in between. */
  const lookLocked = async (folder: string): Promise<Policy | undefined> => {
    found = undefined;
    const state = await readState(system, folder);
    if (begun && (!state.wanted || state.draining)) {
      if (!removed) say('the fence was removed by somebody: it stays removed until `portfence apply` or a new policy');
      removed = true;
      return undefined;
    }
    removed = false;
    const theirs = state.wanted?.policy;
    if (begun && theirs && JSON.stringify(theirs) !== JSON.stringify(policy)) {
      say('another apply has changed the policy: it is taken over');
      source = () => theirs;
    }
    if (state.pending) return theirs; // Whoever made it confirms it, or it goes back.
    const { dockerHost, backend } = options;
    const applied = await applyLocked(system, folder, state, {
      ...{ policy: source, say, dockerHost, backend },
      leaveHanging: true,
    });
    begun = true;
    found = applied.survey;
    last = found;
    amongOthers = applied.survey.backend.id !== 'nftables';
    if (applied.changed) {
      report.healed += 1;
      void letGo(HANGS_AFTER_MS);
      for (const line of applied.survey.drift) say(`mended: ${line}`);
    }
    return applied.survey.policy;
  };
  const look = async (): Promise<void> => {
    policy = await locked(system, say, lookLocked);
    await native.want(policy);
  };

  const guarded = async (): Promise<void> => {
    try {
      report.looks += 1;
      await look();
    } catch (error) {
      if (!(error instanceof PortfenceError)) throw error;
      say(`can't make the fence true, and try again: ${error.message}${error.detail ? `\n${error.detail}` : ''}`);
      if (!begun) await native.want(undefined);
    }
    await tell();
  };
  const tell = async (): Promise<void> => {
    report.native = await native.report();
    await writeReport(system, report);
    await options.onLook(report);
  };

  const { poke, first, idle } = lookSoon(system, guarded);
  const reload = async (): Promise<void> => {
    try {
      const next = await options.load();
      next((await observeLinks(system)).map(({ name }) => name));
      source = next;
      policy = undefined;
      begun = false; // A new policy is an order to fence, also where somebody had removed it.
    } catch (error) {
      if (!(error instanceof PortfenceError)) throw error;
      say(`the new policy is refused, the last good one stays:\n${error.message}`);
    }
    poke();
  };
  const hurry = again(async () => {
    const done = await putBack(system).catch(() => false);
    if (done)
      say(amongOthers ? 'somebody stood before the fence: it is first again' : 'the table was taken away: it is back');
    if (done) {
      report.healed += 1;
      void letGo(BEGAN_MEANWHILE_MS);
    }
    poke();
  });
  const sources = openSources(system, {
    ...options,
    onChange: () => (amongOthers ? hurry.ask() : poke()),
    onLost: () => hurry.ask(),
    onPolicy: () => void reload(),
  });
  options.onHangup(() => void reload());
  try {
    await first(async () => {
      // Containers first: at boot they start while the first look still waits for engines to answer.
      await native.want(source((await observeLinks(system)).map(({ name }) => name)));
      await guarded();
    });
    for (let quiet = 0; !signal.aborted; quiet += 1) {
      await system.sleep(INTERVAL_MS, signal);
      if (signal.aborted) break;
      const brief = quiet % (BRIEF_LOOKS + 1) < BRIEF_LOOKS;
      if (brief && found && (await stillTrue(system, found))) await tell();
      else poke();
    }
  } finally {
    await sources.close();
    await hurry.idle();
    await idle();
    await Promise.all(lettingGo);
    await native.stop();
  }
}

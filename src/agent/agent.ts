import type { BackendRequest } from '../backends/backend.ts';
import { PortfenceError } from '../errors.ts';
import { observeLinks } from '../observe/links.ts';
import type { AgentIdentity } from '../reconcile/agent-status.ts';
import { forgetAgentStatus, ownIdentity, readAgentStatus, writeAgentStatus } from '../reconcile/agent-status-file.ts';
import { locked } from '../reconcile/locked.ts';
import { forgetState, NO_STATE, readState, stateFolder, storedState } from '../reconcile/state.ts';
import type { PolicySource, Survey } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import { coalesce } from './coalesce.ts';
import { lookTimer } from './look-timer.ts';
import type { NamespaceFolder } from './native/namespace-folders.ts';
import { type NativeLayer, watchNamespaces } from './native/native.ts';
import { policyFollower } from './policy-follower.ts';
import { reconcileQueue } from './reconcile-queue.ts';
import { openReconciler, type Reconciler } from './reconciler.ts';
import { runSources } from './sources/run.ts';
import { agentSources, fileSource, type OnPolling } from './sources/table.ts';
import { openStatusFeed, type StatusFeed, type StatusSubscriber } from './status-feed.ts';

export interface AgentOptions {
  /** Reads the policy anew; throws what its stage throws. */
  readonly load: () => Promise<PolicySource>;
  /** The files that the policy is made of at this moment. */
  readonly files: () => Promise<readonly string[]>;
  readonly sockets: readonly string[];
  readonly folders: readonly NamespaceFolder[];
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given. */
  readonly backend?: BackendRequest | undefined;
  readonly say: (line: string) => void;
  readonly subscribers: readonly StatusSubscriber[];
  /** Learns what each look that succeeded found. */
  readonly onSurvey?: (survey: Survey) => void;
  /** Ends the agent; the fence stays. */
  readonly signal: AbortSignal;
  /** Registers what is to happen when the policy is to be read anew (SIGHUP). */
  readonly onHangup: (handler: () => void) => void;
}

/**
 * Keeps the fence as planned until the signal fires. Throws what the first reading of the policy throws, and LOCKED where
 * another agent runs here already.
 */
export async function runAgent(system: System, options: AgentOptions): Promise<void> {
  const identity = await ownIdentity(system);
  await refuseSecondAgent(system, identity);
  const report: StatusSubscriber = { name: 'agent.json', publish: (status) => writeAgentStatus(system, status) };
  const feed = openStatusFeed(system, { identity, subscribers: [report, ...options.subscribers], say: options.say });
  const onPolling = warnOnce(options.say);
  const native = watchNamespaces(system, { ...options, onPolling });
  try {
    const source = await options.load();
    feed.publish();
    const reconciler = openReconciler(system, { ...options, source, native, feed });
    const loop = startLoop(system, { options, source, reconciler, feed, onPolling });
    try {
      await loop.first(async () => {
        // Containers first: at boot they start while the first look still waits for engines to answer.
        await serveContainers(system, { native, source }).catch(() => {}); // The look meets the same obstacle and reports it.
        await reconciler.look();
      });
      await loop.untilAborted(options.signal);
    } finally {
      await loop.close();
    }
  } finally {
    await native.stop();
    await feed.close();
    await leave(system, identity);
  }
}

async function serveContainers(
  system: System,
  { native, source }: { readonly native: NativeLayer; readonly source: PolicySource },
): Promise<void> {
  await native.want(source((await observeLinks(system)).map(({ name }) => name)));
}

/** inotify that is used up concerns every watch, and is worth one warning. */
function warnOnce(say: (line: string) => void): OnPolling {
  let warned = false;
  return (reason) => {
    const remedy = reason instanceof PortfenceError && reason.hint ? ` (${reason.hint})` : '';
    if (!warned) say(`warning: ${reason.message}${remedy}`);
    warned = true;
  };
}

async function refuseSecondAgent(system: System, identity: AgentIdentity): Promise<void> {
  const other = await readAgentStatus(system);
  if (!other) return;
  if ((other.pidNamespace ?? identity.pidNamespace) !== identity.pidNamespace)
    throw new PortfenceError('LOCKED', 'an agent runs here already, in a container or beside one', {
      hint: 'one agent serves a host: stop the container or service, or systemctl disable --now portfence-agent',
    });
  if (other.pid === identity.pid) return;
  throw new PortfenceError('LOCKED', `an agent runs here already (pid ${other.pid})`, {
    hint: `stop it first: systemctl stop portfence-agent, or kill ${other.pid}`,
  });
}

/** The report goes with the agent, and a recorded removal with it: it is recorded for a running agent. */
async function leave(system: System, identity: AgentIdentity): Promise<void> {
  await forgetAgentStatus(system, identity).catch(() => {});
  const recorded = await storedState(system, await stateFolder(system)).catch(() => NO_STATE);
  if (!recorded.removed) return;
  await locked(
    system,
    () => {},
    async (folder) => {
      const { removed, draining } = await readState(system, folder);
      if (removed && !draining) await forgetState(system, folder);
    },
  ).catch(() => {});
}

interface Running {
  readonly options: AgentOptions;
  readonly reconciler: Reconciler;
  readonly feed: StatusFeed;
}

/** Ties the event sources to the reconciler: most ask for a look, some for the fast way back or another policy. */
function startLoop(
  system: System,
  {
    options,
    source,
    reconciler,
    feed,
    onPolling,
  }: Running & { readonly source: PolicySource; readonly onPolling: OnPolling },
) {
  const { say } = options;
  const timer = lookTimer(system, { feed, check: reconciler.check, ask: () => queue.ask() });
  const queue = reconcileQueue(system, async () => {
    await reconciler.look();
    timer.looked();
  });
  const restoring = coalesce(async () => {
    if (await reconciler.restore())
      say(
        reconciler.sharesTables()
          ? 'other rules came before the fence: it is first again'
          : 'the table was taken away: it is back',
      );
    queue.ask();
  });
  const policy = policyFollower(system, { ...options, first: source, order: reconciler.order });
  const reloading = coalesce(async () => {
    await policy.reload();
    await sources.follow(await policy.files());
    queue.ask();
  });
  const sources = runSources(system, {
    table: agentSources(system, { ...options, onPolling }),
    fileSource: (path) => fileSource(system, path, onPolling),
    listener: {
      changed: () => (reconciler.sharesTables() ? restoring.ask() : queue.ask()),
      lost: restoring.ask,
      policy: reloading.ask,
    },
    onHealth: feed.source,
    onClosed: feed.forgetSource,
  });
  void policy.files().then(sources.follow);
  options.onHangup(() => {
    policy.orderAnew();
    reloading.ask();
  });
  return {
    untilAborted: timer.run,
    first: queue.first,
    close: async () => {
      await sources.close();
      await reloading.idle();
      await restoring.idle();
      await queue.idle();
      await reconciler.idle();
    },
  };
}

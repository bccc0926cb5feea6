import type { BackendId } from '../backends/backend.ts';
import { ORIGINS } from '../plan/plan.ts';
import { FAMILIES, portCount, portsText, rangeText } from '../ports.ts';
import type { FenceStatus } from '../reconcile/fence-status.ts';
import type { Survey } from '../reconcile/survey.ts';
import { agentLines, ageText } from './agent-status.ts';
import {
  bypassing,
  bypassLines,
  type ContainerFacts,
  engineRows,
  engineText,
  type NativeGivers,
  nativeGivers,
  nativeText,
  rootlessLines,
} from './containers.ts';
import { tableLines } from './table.ts';

/** The state of the fence, for scripts and for people. */
export function statusText(
  survey: Survey,
  fence: FenceStatus,
  containers: ContainerFacts & { readonly now: number },
): { json: unknown; text: readonly string[] } {
  const { plan } = survey;
  const { agent, rootless, now } = containers;
  const bypasses = bypassing(survey, agent);
  const native = nativeGivers(survey, containers);
  return {
    json: {
      enforced: fence.enforced,
      ...backendFields(survey),
      limits: fence.limits,
      ports: plan.ranges.map(rangeText),
      protocols: plan.protocols,
      families: plan.families,
      layers: fence.layers,
      uplinks: plan.uplinks.names,
      uplinksMode: plan.uplinks.mode,
      counters: { ...fence.totals, by: fence.counts },
      drift: fence.drift,
      natBeforeOurs: fence.natBeforeOurs,
      unfollowed: fence.unfollowed,
      boundPorts: fence.boundPorts.map(({ protocol, ports }) => ({ protocol, ports: ports.map(rangeText) })),
      shortage: fence.shortage,
      draining: fence.draining,
      confirmBefore: fence.confirmBefore === undefined ? null : new Date(fence.confirmBefore).toISOString(),
      rollbackOverdue: fence.rollbackOverdue,
      agent: agent ?? null,
      native,
      engines: engineRows(survey),
      bypassing: bypasses,
      rootless,
      notes: survey.notes,
    },
    text: [
      ...headline(survey, fence),
      ...agentHeadline(agent, now),
      '',
      ...tableLines(facts(survey, fence, native)),
      '',
      ...tableLines(counterRows(fence)),
      ...agentLines(agent, now),
      ...section('not as planned:', fence.drift),
      ...section(
        'other source NAT that comes before the fence and may take a connection first:',
        fence.natBeforeOurs.map((chain) => `${chain.family} ${chain.table} ${chain.name}, priority ${chain.priority}`),
      ),
      ...section(
        'rules of others that can not be followed; what may meet them keeps its own NAT, and left out of range so many times:',
        fence.unfollowed.map(({ rule, family, packets }) => `${packets} packets, ${family}: ${rule}`),
      ),
      ...section(
        'ports that stay, since sockets of this host are bound to them:',
        fence.boundPorts.map(({ protocol, ports }) => `${protocol} ${portsText(ports, ', ')}`),
      ),
      ...section('connections that were dropped for lack of ports:', shortageLines(fence.shortage)),
      ...section('networks whose containers bypass the rules of this host:', bypassLines(bypasses)),
      ...section("rootless engines, whose containers' connections are the host's own:", rootlessLines(rootless)),
      ...section('what this backend can not promise:', fence.limits),
      ...section('notes:', survey.notes),
    ],
  };
}

/** `nftables`, or `iptables` with its variant. */
function backendFields({ backend, backendReason }: Survey): Readonly<Record<string, unknown>> {
  const [name, variant] = backend.id.split('-');
  return { backend: name, ...(variant === undefined ? {} : { backendVariant: variant }), backendReason };
}

/** The same where no policy is known: nothing was applied here, or a removal is still going on. */
export function statusWithoutPolicy({
  fence,
  draining,
  agent,
  now,
}: {
  /** The backend whose rules are there. */
  fence: BackendId | undefined;
  draining: boolean;
  agent: ContainerFacts['agent'];
  /** Milliseconds since the epoch. */
  now: number;
}): {
  json: unknown;
  text: readonly string[];
} {
  const words = draining
    ? DRAINING
    : fence
      ? `UNKNOWN: a fence made with ${fence} is there, but what applied it is not remembered (portfence apply makes it ours again)`
      : 'NOT ENFORCED: nothing was applied here, and there is no policy file';
  return {
    json: {
      enforced: false,
      backend: null,
      ports: [],
      layers: { hostRange: null, confine: false, guard: 'off' },
      uplinks: [],
      counters: {
        confined: 0,
        leaked: 0,
        preexisting: 0,
        leftAlone: 0,
        unfollowed: 0,
        untranslated: 0,
        untracked: 0,
        by: [],
      },
      drift: [words],
      draining,
      agent: agent ?? null,
    },
    text: [words, ...agentHeadline(agent, now), ...agentLines(agent, now)],
  };
}

const DRAINING = 'REMOVED: no new connection is mapped; an empty chain carries the mapped ones to their end';

function headline({ present, plan }: Survey, fence: FenceStatus): readonly string[] {
  const ports = portsText(plan.ranges, ', ');
  if (fence.draining)
    return ['REMOVED: no new connection is mapped; an empty chain carries the mapped ones to their end'];
  if (!present) return ['NOT ENFORCED: there is no fence here (`portfence apply` makes one)'];
  if (!fence.enforced)
    return [`NOT AS PLANNED: ${fence.drift.length} differences, listed below (\`portfence apply\` mends them)`];
  return [`ENFORCED: connections leave with source ports ${ports}`];
}

/** A fence that is right now may not stay so: the agent that is to keep it can't. */
function agentHeadline(agent: ContainerFacts['agent'], now: number): readonly string[] {
  if (agent?.state !== 'failing') return [];
  return [`AGENT FAILING for ${ageText(now - agent.stateSince)}: ${agent.lastError?.message.split('\n')[0] ?? ''}`];
}

function facts(
  survey: Survey,
  { layers, confirmBefore, rollbackOverdue }: FenceStatus,
  native: NativeGivers,
): readonly (readonly string[])[] {
  const { plan, backend, backendReason } = survey;
  const { mode, names } = plan.uplinks;
  const hostRange = layers.hostRange === null ? 'left alone' : layers.hostRange ? 'set' : 'NOT set';
  return [
    ['ports', `${portsText(plan.ranges, ', ')} (${portCount(plan.ranges)} ports)`],
    ['protocols', `${plan.protocols.join(', ')} over ${plan.families.join(', ')}`],
    ['uplinks', mode === 'these' ? names.join(', ') : `all but ${names.join(', ')} and container networks`],
    ['layers', `host range ${hostRange}, confine ${layers.confine ? 'on' : 'OFF'}, guard ${layers.guard}`],
    ['native', nativeText(native)],
    ['backend', `${backend.id}: ${backendReason}`],
    ['engines', engineText(engineRows(survey))],
    ...(confirmBefore === undefined
      ? []
      : [
          [
            'unconfirmed',
            rollbackOverdue
              ? `its time ended at ${new Date(confirmBefore).toISOString()}: the agent, \`portfence apply\` or \`portfence remove\` rolls it back`
              : `rolled back at ${new Date(confirmBefore).toISOString()} unless \`portfence confirm\` comes first`,
          ],
        ]),
  ];
}

function shortageLines({ drops, destinations }: FenceStatus['shortage']): readonly string[] {
  if (drops === 0) return [];
  return [
    `${drops} since the kernel started (conntrack's insert_failed)`,
    ...destinations.map(
      ({ protocol, source, address, port, inUse, available }) =>
        `${protocol} ${source} to ${address} port ${port}: ${inUse} of ${available} ports in use`,
    ),
    'remedy: a larger range, fewer new connections (keep-alive, a proxy, a pool), or more source addresses',
  ];
}

const HEADINGS = ['', 'confined', 'leaked', 'older', 'left alone', 'unfollowed'];

function counterRows({ counts, totals }: FenceStatus): readonly (readonly (string | number)[])[] {
  const sum = (wanted: (one: FenceStatus['counts'][number]) => boolean) =>
    counts.filter(wanted).reduce((total, one) => total + one.packets, 0);
  const rows = ORIGINS.flatMap((origin) =>
    FAMILIES.map((family) => {
      const of = (tally: string) => sum((one) => one.tally === tally && one.origin === origin && one.family === family);
      return [
        `${origin} ${family}`,
        of('confined'),
        of('leaked'),
        of('preexisting'),
        of('leftAlone'),
        of('unfollowed'),
      ];
    }),
  );
  return [
    HEADINGS,
    ...rows.filter((row) => row.slice(1).some((cell) => cell !== 0)),
    ['total', totals.confined, totals.leaked, totals.preexisting, totals.leftAlone, totals.unfollowed],
    ...(totals.untranslated > 0 ? [["with a container's own address", totals.untranslated]] : []),
    ...(totals.untracked > 0 ? [['unknown to conntrack, out of range', totals.untracked]] : []),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

import { ORIGINS } from '../plan/plan.ts';
import { FAMILIES, portCount, portsText, rangeText } from '../ports.ts';
import type { BackendId } from '../survey/backend.ts';
import type { Standing } from '../survey/standing.ts';
import type { Survey } from '../survey/survey.ts';
import {
  agentLines,
  bypassing,
  bypassLines,
  type ContainerFacts,
  engineRows,
  engineText,
  rootlessLines,
} from './containers.ts';
import { tableLines } from './table.ts';

/** The state of the fence, for scripts and for people. */
export function statusText(
  survey: Survey,
  standing: Standing,
  { agent, rootless }: ContainerFacts,
): { json: unknown; text: readonly string[] } {
  const { plan } = survey;
  const bypasses = bypassing(survey, agent);
  return {
    json: {
      enforced: standing.enforced,
      ...backendFields(survey),
      limits: standing.limits,
      ports: plan.ranges.map(rangeText),
      protocols: plan.protocols,
      families: plan.families,
      layers: standing.layers,
      uplinks: plan.uplinks.names,
      uplinksMode: plan.uplinks.mode,
      counters: { ...standing.totals, by: standing.counts },
      drift: standing.drift,
      natBeforeOurs: standing.natBeforeOurs,
      draining: standing.draining,
      confirmBefore: standing.confirmBefore === undefined ? null : new Date(standing.confirmBefore).toISOString(),
      agent: agent ?? null,
      engines: engineRows(survey),
      bypassing: bypasses,
      rootless,
      notes: survey.notes,
    },
    text: [
      ...headline(survey, standing),
      '',
      ...tableLines(facts(survey, standing)),
      '',
      ...tableLines(counterRows(standing)),
      ...agentLines(agent),
      ...section('not as planned:', standing.drift),
      ...section(
        'other source NAT that comes before the fence and may take a connection first:',
        standing.natBeforeOurs.map(
          (chain) => `${chain.family} ${chain.table} ${chain.name}, priority ${chain.priority}`,
        ),
      ),
      ...section('networks whose containers bypass the rules of this host:', bypassLines(bypasses)),
      ...section("rootless engines, whose containers' connections are the host's own:", rootlessLines(rootless)),
      ...section('what this backend can not promise:', standing.limits),
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
}: {
  /** The backend whose rules are there. */
  fence: BackendId | undefined;
  draining: boolean;
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
      counters: { confined: 0, leaked: 0, preexisting: 0, leftAlone: 0, untracked: 0, by: [] },
      drift: [words],
      draining,
    },
    text: [words],
  };
}

const DRAINING = 'REMOVED: no new connection is mapped; an empty chain carries the mapped ones to their end';

function headline({ present, plan }: Survey, standing: Standing): readonly string[] {
  const ports = portsText(plan.ranges, ', ');
  if (standing.draining)
    return ['REMOVED: no new connection is mapped; an empty chain carries the mapped ones to their end'];
  if (!present) return ['NOT ENFORCED: there is no fence here (`portfence apply` makes one)'];
  if (!standing.enforced)
    return [`NOT AS PLANNED: ${standing.drift.length} differences, listed below (\`portfence apply\` mends them)`];
  return [`ENFORCED: connections leave with source ports ${ports}`];
}

function facts(survey: Survey, { layers, confirmBefore }: Standing): readonly (readonly string[])[] {
  const { plan, backend, backendReason } = survey;
  const { mode, names } = plan.uplinks;
  const hostRange = layers.hostRange === null ? 'left alone' : layers.hostRange ? 'set' : 'NOT set';
  return [
    ['ports', `${portsText(plan.ranges, ', ')} (${portCount(plan.ranges)} ports)`],
    ['protocols', `${plan.protocols.join(', ')} over ${plan.families.join(', ')}`],
    ['uplinks', mode === 'these' ? names.join(', ') : `all but ${names.join(', ')} and container networks`],
    ['layers', `host range ${hostRange}, confine ${layers.confine ? 'on' : 'OFF'}, guard ${layers.guard}`],
    ['backend', `${backend.id}: ${backendReason}`],
    ['engines', engineText(engineRows(survey))],
    ...(confirmBefore === undefined
      ? []
      : [
          [
            'unconfirmed',
            `taken back at ${new Date(confirmBefore).toISOString()} unless \`portfence confirm\` comes first`,
          ],
        ]),
  ];
}

const HEADINGS = ['', 'confined', 'leaked', 'older', 'left alone'];

function counterRows({ counts, totals }: Standing): readonly (readonly (string | number)[])[] {
  const sum = (wanted: (one: Standing['counts'][number]) => boolean) =>
    counts.filter(wanted).reduce((total, one) => total + one.packets, 0);
  const rows = ORIGINS.flatMap((origin) =>
    FAMILIES.map((family) => {
      const of = (tally: string) => sum((one) => one.tally === tally && one.origin === origin && one.family === family);
      return [`${origin} ${family}`, of('confined'), of('leaked'), of('preexisting'), of('leftAlone')];
    }),
  );
  return [
    HEADINGS,
    ...rows.filter((row) => row.slice(1).some((cell) => cell !== 0)),
    ['total', totals.confined, totals.leaked, totals.preexisting, totals.leftAlone],
    ...(totals.untracked > 0 ? [['unknown to conntrack, out of range', totals.untracked]] : []),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

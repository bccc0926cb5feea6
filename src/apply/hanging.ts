import { type FlowEntry, observeFlows } from '../observe/conntrack.ts';
import { locate } from '../plan/locate.ts';
import { walk } from '../plan/walk.ts';
import { hasPort } from '../ports.ts';
import type { Survey } from '../survey/survey.ts';
import type { System } from '../system/system.ts';

/** Milliseconds, longer than any usual round trip: whoever is still without an answer after it hangs. */
const PATIENCE_MS = 1000;
/** One deletion walks the whole conntrack table (2.5 ms for 1,000 entries, measured): few go one by one, many by destination. */
const ONE_BY_ONE = 16;
/** Milliseconds for all deletions together; what is left by then ends by itself within two minutes. */
const TIME_LIMIT_MS = 10_000;

/**
 * Lets go of flows that hang: unanswered, mapped out of range before the fence, and still unanswered a moment later. The
 * next packet of each then counts as new and is mapped, so that the connection completes. Answered flows are never touched:
 * the state is part of every deletion.
 */
export async function dropHanging(
  system: System,
  survey: Survey,
  say: (line: string) => void,
  patienceMs = PATIENCE_MS,
): Promise<{ dropped: number; left: number }> {
  const before = await hangingFlows(system, survey);
  if (before.length === 0) return { dropped: 0, left: 0 };
  say(`${before.length} connections may hang with a port out of range: looking again in ${patienceMs / 1000} s`);
  await system.sleep(patienceMs);
  const known = new Set(before.map(keyOf));
  const hanging = (await hangingFlows(system, survey)).filter((flow) => known.has(keyOf(flow)));
  return deleteAll(system, hanging);
}

async function hangingFlows(system: System, { plan, facts }: Survey): Promise<readonly FlowEntry[]> {
  const unanswered = await observeFlows(system, ['-u', 'UNREPLIED']);
  return unanswered.filter((flow) => {
    if (flow.protocol !== 'tcp' && flow.protocol !== 'udp') return false;
    if (flow.protocol === 'tcp' && flow.state !== 'SYN_SENT') return false;
    if (hasPort(plan.ranges, flow.reply.destinationPort)) return false;
    const packet = locate({ protocol: flow.protocol, ...flow.original }, facts, plan);
    return packet !== undefined && walk(plan, packet).fate.do === 'map';
  });
}

const keyOf = ({ protocol, original: o }: FlowEntry): string =>
  [protocol, o.source, o.sourcePort, o.destination, o.destinationPort].join(' ');

type Selection = readonly string[];

async function deleteAll(system: System, flows: readonly FlowEntry[]): Promise<{ dropped: number; left: number }> {
  const selections: readonly Selection[] =
    flows.length <= ONE_BY_ONE
      ? flows.map(exactly)
      : [...new Map(flows.map((flow) => [destinationKey(flow), toDestination(flow)])).values()];
  const end = system.now() + TIME_LIMIT_MS;
  for (const selection of selections) {
    if (system.now() > end) break;
    await system.run(['conntrack', '-D', ...selection], { timeoutMs: TIME_LIMIT_MS });
  }
  const still = new Set(
    (await observeFlows(system, ['-u', 'UNREPLIED'])).map((flow) => `${keyOf(flow)} ${flow.reply.destinationPort}`),
  );
  const left = flows.filter((flow) => still.has(`${keyOf(flow)} ${flow.reply.destinationPort}`)).length;
  return { dropped: flows.length - left, left };
}

const unansweredOf = ({ family, protocol }: FlowEntry): Selection => [
  ...['-f', family],
  ...['-p', protocol],
  ...(protocol === 'tcp' ? ['--state', 'SYN_SENT'] : ['-u', 'UNREPLIED']),
];

const destinationKey = (flow: FlowEntry): string =>
  [flow.family, flow.protocol, flow.original.destination, flow.original.destinationPort].join(' ');

function toDestination(flow: FlowEntry): Selection {
  return [...unansweredOf(flow), '-d', flow.original.destination, '--dport', String(flow.original.destinationPort)];
}

function exactly(flow: FlowEntry): Selection {
  return [...toDestination(flow), '-s', flow.original.source, '--sport', String(flow.original.sourcePort)];
}

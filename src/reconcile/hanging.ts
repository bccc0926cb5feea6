import { unlessMissing } from '../observe/ask.ts';
import type { FlowEntry } from '../observe/conntrack.ts';
import { eachUnanswered, eachUnansweredOfFile, type UnansweredSink } from '../observe/unanswered.ts';
import { locate } from '../plan/locate.ts';
import { walk } from '../plan/walk.ts';
import { hasPort } from '../ports.ts';
import { PROTOCOL_NUMBER } from '../protocols.ts';
import type { System } from '../system/system.ts';
import { type Deletions, deletions } from './hanging-deletions.ts';
import { type SeenFlows, seenFlows } from './seen-flows.ts';
import type { Survey } from './survey.ts';

type Host = Pick<Survey, 'plan' | 'facts'>;

/** Milliseconds, longer than any usual round trip: a flow without an answer after it hangs. */
const PATIENCE_MS = 1000;
/** Milliseconds for all deletions together; what is left by then ends by itself within two minutes. */
const TIME_LIMIT_MS = 10_000;

/**
 * Drops flows that hang: unanswered, mapped out of range before the fence, and still unanswered a moment later. The
 * next packet of each then counts as new and is mapped, so that the connection completes. Answered flows are never touched:
 * the state is part of every deletion, or (UDP with conntrack 1.4.6, which can't ask for it) both ends of the very flow. Without
 * conntrack(8) nothing is dropped, and that is said. However many flows there are, a few thousand are held in memory: of more,
 * an unanswered flow counts as seen before when one to the same destination was.
 */
export async function dropHangingFlows(
  system: System,
  survey: Host,
  say: (line: string) => void,
  patienceMs = PATIENCE_MS,
): Promise<{ dropped: number; left: number }> {
  const before = seenFlows();
  const listed = await unlessMissing(eachUnanswered(system, whichHang(survey, before.note)));
  if (listed === undefined) return withoutConntrack(system, survey, say);
  if (before.count() === 0) return { dropped: 0, left: 0 };
  say(`${before.count()} connections may hang with a port out of range: looking again in ${patienceMs / 1000} s`);
  await system.sleep(patienceMs);
  const [hanging, wanted] = [seenFlows(), deletions(listed.canSelect)];
  await eachUnanswered(
    system,
    whichHang(survey, (flow) => {
      if (!before.has(flow)) return;
      hanging.note(flow);
      wanted.add(flow);
    }),
  );
  return deleteAll(system, { survey, hanging, wanted });
}

/** What can still be told where conntrack(8) is missing: the kernel lists its flows in a file, or it does not. */
async function withoutConntrack(system: System, survey: Host, say: (line: string) => void) {
  let count = 0;
  const counting = whichHang(survey, () => {
    count += 1;
  });
  const found = await eachUnansweredOfFile(system, counting);
  if (!found || count > 0) {
    const which = found ? `${count} connections that may hang` : 'connections that hang';
    say(
      `conntrack is missing: ${which} with a port out of range are not dropped, they end by themselves within two minutes (install the package conntrack)`,
    );
  }
  return { dropped: 0, left: 0 };
}

function whichHang({ plan, facts }: Host, onFlow: (flow: FlowEntry) => void): UnansweredSink {
  const { tcp, udp } = PROTOCOL_NUMBER;
  return {
    // The port is asked first: few flows leave out of range, once the fence stands.
    isWanted: ({ protocol, leavingPort }) =>
      (protocol === tcp || protocol === udp) && !hasPort(plan.ranges, leavingPort),
    onFlow: (flow) => {
      if (flow.protocol === 'tcp' && flow.state !== 'SYN_SENT') return;
      const packet = locate({ protocol: flow.protocol, ...flow.original }, facts, plan);
      if (packet !== undefined && walk(plan, packet).fate.do === 'map') onFlow(flow);
    },
  };
}

interface Hanging {
  readonly survey: Host;
  readonly hanging: SeenFlows;
  readonly wanted: Deletions;
}

async function deleteAll(system: System, { survey, hanging, wanted }: Hanging) {
  const end = system.now() + TIME_LIMIT_MS;
  for (const selection of wanted.selections()) {
    if (system.now() > end) break;
    await system.run(['conntrack', '-D', ...selection], { timeoutMs: TIME_LIMIT_MS });
  }
  let left = 0;
  const counting = whichHang(survey, (flow) => {
    left += hanging.has(flow) ? 1 : 0;
  });
  await eachUnanswered(system, counting);
  left = Math.min(left, hanging.count());
  return { dropped: hanging.count() - left, left };
}

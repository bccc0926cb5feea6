import { describe, expect, test } from 'vitest';
import type { FlowEntry } from '../../src/observe/conntrack.ts';
import { eachUnanswered, eachUnansweredOfFile } from '../../src/observe/unanswered.ts';
import { failed, missing, scriptedSystem } from '../support/scripted-system.ts';

const UDP =
  'ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=7';
const ANSWERED = UDP.replace(' [UNREPLIED]', '').replace('sport=1', 'sport=3');
const OTHER = UDP.replace('dport=7', 'dport=8');
const [SELECTED, ALL] = ['conntrack -L -o extended -u UNREPLIED', 'conntrack -L -o extended'];

/** Collects the flows that leave with port 7. */
function collector() {
  const flows: FlowEntry[] = [];
  return {
    flows,
    isWanted: ({ leavingPort }: { leavingPort: number }) => leavingPort === 7,
    onFlow: flows.push.bind(flows),
  };
}

describe('the flows without an answer', () => {
  test('are chosen by conntrack where it can, and given one by one', async () => {
    const system = scriptedSystem({ commands: { [SELECTED]: `${UDP}\n${OTHER}\n${UDP}\n` } });
    const sink = collector();
    expect(await eachUnanswered(system, sink)).toEqual({ canSelect: true });
    expect(sink.flows).toHaveLength(2);
    expect(sink.flows[0]).toMatchObject({
      unreplied: true,
      original: { sourcePort: 1 },
      reply: { destinationPort: 7 },
    });
  });

  test('are looked for in the whole listing where conntrack does not know the word, as 1.4.6', async () => {
    const refusal = failed(2, "conntrack v1.4.6 (conntrack-tools): Bad parameter `UNREPLIED'");
    const system = scriptedSystem({ commands: { [SELECTED]: refusal, [ALL]: `${ANSWERED}\n${UDP}\n` } });
    const sink = collector();
    expect(await eachUnanswered(system, sink)).toEqual({ canSelect: false });
    expect(sink.flows.map(({ original }) => original.sourcePort)).toEqual([1]);
  });

  test.each([
    [missing('conntrack'), 'TOOL_MISSING'],
    [failed(1, 'Operation failed: sorry, you must be root or get CAP_NET_ADMIN'), 'NOT_ROOT'],
    ['flow table follows:\n', 'SYSTEM'],
  ])('are not to be had: %j', async (answer, code) => {
    const system = scriptedSystem({ commands: { [SELECTED]: answer } });
    await expect(eachUnanswered(system, collector())).rejects.toMatchObject({ code });
  });

  test('come from the file of the kernel on a host without conntrack, where there is one', async () => {
    const system = scriptedSystem({ files: { '/proc/net/nf_conntrack': `${ANSWERED}\n${UDP}\n` } });
    const sink = collector();
    expect(await eachUnansweredOfFile(system, sink)).toBe(true);
    expect(sink.flows).toHaveLength(1);
    expect(await eachUnansweredOfFile(scriptedSystem(), sink)).toBe(false);
  });
});

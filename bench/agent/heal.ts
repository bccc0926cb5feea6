import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { streamCommand } from '../../src/system/child.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { judgeLatency, type LatencyResult } from './latency-target.ts';
import { startBenchAgent } from './start-agent.ts';

/** How soon the fence came back after each flush, in ms. */
export interface HealResult extends LatencyResult {
  readonly versions: Versions;
}

const MEDIAN_MS = 50;
const P99_MS = 150;
const PATIENCE_MS = 10_000;
/** Long enough for the whole look that follows a repair. */
const BETWEEN_MS = 900;
const BRIDGE = { name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true } as const;

/** From `nft flush ruleset` to the fence, as a listener of the kernel's own events sees both. */
export function benchHeal({
  runs,
  say,
  signal,
}: {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<HealResult> {
  return withTestbed({ allowed: LAB_PORTS }, signal, async (testbed) => {
    await testbed.addBridge(BRIDGE);
    await startBenchAgent(testbed, { enter: testbed.host.enter, flags: [] });
    let lost = 0;
    let back = 0;
    const heard = streamCommand(testbed.host.enter(['nft', 'monitor']), (line) => {
      if (line.startsWith('delete table inet portfence')) lost = performance.now();
      if (line.startsWith('add chain inet portfence confine')) back = performance.now();
    });
    testbed.onClose(heard.stop);
    const samples: number[] = [];
    say(`${runs} times: nft flush ruleset`);
    for (let run = 0; run < runs; run++) {
      await sleep(BETWEEN_MS, undefined, { signal });
      [lost, back] = [0, 0];
      await testbed.host.expect(['nft', 'flush', 'ruleset']);
      const deadline = performance.now() + PATIENCE_MS;
      while (lost === 0 || back < lost) {
        if (performance.now() > deadline) throw new PortfenceError('SYSTEM', `no fence within ${PATIENCE_MS} ms`);
        await sleep(1);
      }
      samples.push(back - lost);
    }
    const versions = await machineVersions();
    return { versions, ...judgeLatency(samples, { medianMs: MEDIAN_MS, p99Ms: P99_MS }) };
  });
}

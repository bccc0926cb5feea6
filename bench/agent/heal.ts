import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { follow } from '../../src/system/follow.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withWorld } from '../with-world.ts';
import { type Promised, promised } from './promised.ts';
import { raiseAgent } from './raise.ts';

export interface HealSeen extends Promised {
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
}): Promise<HealSeen> {
  return withWorld({ allowed: LAB_PORTS }, signal, async (world) => {
    await world.addBridge(BRIDGE);
    await raiseAgent(world, { enter: world.host.enter, flags: [] });
    let lost = 0;
    let back = 0;
    const heard = follow(world.host.enter(['nft', 'monitor']), (line) => {
      if (line.startsWith('delete table inet portfence')) lost = performance.now();
      if (line.startsWith('add chain inet portfence confine')) back = performance.now();
    });
    world.onClose(heard.stop);
    const samples: number[] = [];
    say(`${runs} times: nft flush ruleset`);
    for (let run = 0; run < runs; run++) {
      await sleep(BETWEEN_MS, undefined, { signal });
      [lost, back] = [0, 0];
      await world.host.expect(['nft', 'flush', 'ruleset']);
      const deadline = performance.now() + PATIENCE_MS;
      while (lost === 0 || back < lost) {
        if (performance.now() > deadline) throw new PortfenceError('SYSTEM', `no fence within ${PATIENCE_MS} ms`);
        await sleep(1);
      }
      samples.push(back - lost);
    }
    const versions = await machineVersions();
    return { versions, ...promised(samples, { medianMs: MEDIAN_MS, p99Ms: P99_MS }) };
  });
}

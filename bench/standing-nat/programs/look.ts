/** Fences the host that it runs on, looks at it so often, as the agent does, and prints the milliseconds of each look. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parsePolicy } from '../../../src/policy/parse.ts';
import { apply } from '../../../src/reconcile/apply.ts';
import { readState, stateFolder } from '../../../src/reconcile/state.ts';
import { survey } from '../../../src/reconcile/survey.ts';
import { realSystem } from '../../../src/system/real.ts';
import type { LooksOrder } from '../looks.ts';

const { ports, looks } = JSON.parse(process.argv[2] ?? '{}') as LooksOrder;
const { policy: read } = parsePolicy({ flags: { ports } });
const policy = () => read;
const dockerHost = 'unix:///nonexistent/docker.sock';
await apply(realSystem, { policy, say: () => {}, dockerHost, backend: 'nftables' });
const state = await readState(realSystem, await stateFolder(realSystem));
const look = () => survey(realSystem, { policy, dockerHost, state });
await look();
const samples: number[] = [];
for (let i = 0; i < looks; i += 1) {
  const began = performance.now();
  const { drift } = await look();
  samples.push(performance.now() - began);
  if (drift.length > 0) throw new Error(`the fence is not as planned: ${drift[0]}`);
}
process.stdout.write(`${JSON.stringify(samples)}\n`);

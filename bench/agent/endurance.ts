import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { openNamespaceChurn } from './namespace-churn.ts';
import { processTreeUsage } from './process-usage.ts';
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts';
import { startBenchAgent, stateFolder } from './start-agent.ts';

/** What the agent needed: memory in MB, CPU in percent of a core. */
export interface EnduranceResult {
  readonly versions: Versions;
  readonly starts: number;
  /** Megabytes of the agent and its children, resident. */
  readonly megabytes: { readonly before: number; readonly highest: number; readonly after: number };
  /** Percent of one core, when nothing happens. */
  readonly idlePercent: number;
  readonly idleSeconds: number;
  /** Namespaces that the agent still holds on to when all are gone. */
  readonly leftOver: number;
  readonly met: boolean;
}

/** The target for the agent's memory after all container starts, in MB. */
export const MOST_MEGABYTES = 80;
/** The target for the agent's CPU when nothing happens, in percent of a core. */
export const MOST_IDLE_PERCENT = 0.2;
const AT_ONCE = 20;
const IDLE_SECONDS = 125;
const SETTLE_MS = 5000;
const SAMPLE_EVERY = 25;

interface Options {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Container starts by the thousand, as engine and kernel report them; then nothing at all. */
export function benchEndurance({ runs, say, signal }: Options): Promise<EnduranceResult> {
  return withTestbed({ allowed: LAB_PORTS }, signal, async (testbed) => {
    const state = await stateFolder(testbed);
    const folder = join(state, 'netns');
    await mkdir(folder);
    const engine: ScriptedEngine = await startScriptedEngine(join(state, 'docker.sock'));
    testbed.onClose(engine.close);
    const churn = await openNamespaceChurn(testbed, folder);
    const flags = ['--netns', folder, '--docker-host', `unix://${engine.socket}`];
    const agent = await startBenchAgent(testbed, { enter: churn.enter, flags });
    await sleep(SETTLE_MS, undefined, { signal });
    const before = await processTreeUsage(agent.pid);
    let highest = before.megabytes;
    for (let round = 0; round * AT_ONCE < runs; round++) {
      signal.throwIfAborted();
      if (round % 50 === 0) say(`${round * AT_ONCE} of ${runs} containers have come and gone`);
      await Promise.all([churn.comeAndGo(AT_ONCE), engine.sendEvents(AT_ONCE)]);
      if (round % SAMPLE_EVERY === 0) highest = Math.max(highest, (await processTreeUsage(agent.pid)).megabytes);
    }
    await sleep(SETTLE_MS, undefined, { signal });
    say(`doing nothing for ${IDLE_SECONDS} s`);
    const settled = await processTreeUsage(agent.pid);
    await sleep(IDLE_SECONDS * 1000, undefined, { signal });
    const after = await processTreeUsage(agent.pid);
    const idlePercent = (100 * (after.cpuSeconds - settled.cpuSeconds)) / IDLE_SECONDS;
    const leftOver = await stillGiven(agent.stateFolder);
    highest = Math.max(highest, after.megabytes);
    return {
      versions: await machineVersions(),
      starts: runs,
      megabytes: { before: before.megabytes, highest, after: after.megabytes },
      ...{ idlePercent, idleSeconds: IDLE_SECONDS, leftOver },
      met: after.megabytes < MOST_MEGABYTES && idlePercent < MOST_IDLE_PERCENT && leftOver === 0,
    };
  });
}

async function stillGiven(folder: string): Promise<number> {
  const report = JSON.parse(await readFile(join(folder, 'agent.json'), 'utf8')) as { native?: { given?: number } };
  const given = report.native?.given;
  if (given === undefined) throw new PortfenceError('SYSTEM', 'the agent does not tell how many containers it knows');
  return given;
}

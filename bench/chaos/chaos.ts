import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { machineVersions, toolVersion } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { disturb } from './disturb.ts';
import { downloadsAt } from './downloads.ts';
import { lastDisturbances } from './page.ts';
import { addTallies, newRecording, type Recording, tried } from './record.ts';
import { type ChaosResult, summary } from './result.ts';
import { type ChaosSetup, MIRRORS, setUpChaos } from './setup.ts';
import { startTraffic } from './traffic.ts';

/** How a run goes; equal seeds give the same order of disturbances. */
export interface ChaosOptions {
  readonly seed: number;
  /** The run ends when so many were tried and every disturbance came in both modes of the guard. */
  readonly connections: number;
  readonly perSecond: number;
  /** Milliseconds from one disturbance to the next, from and to. */
  readonly paceMs: readonly [number, number];
  readonly say: (line: string) => void;
  /** Gets one line every now and then for as long as it runs. */
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Between two builds, and between two lines of progress, in milliseconds. */
const REST_MS = 1500;
const PROGRESS_MS = 3000;
/** Until everything has had its answer, or its last packet. */
const SETTLE_MS = 4000;
/** Lines of the agent's that are shown where something went wrong. */
const WORDS = 30;

/** Opens connections while everything around them is disturbed, and reports what the ACL saw. */
export function chaos(options: ChaosOptions): Promise<ChaosResult> {
  return withTestbed({ allowed: LAB_PORTS, mirrors: MIRRORS }, options.signal, (testbed) => run(testbed, options));
}

async function run(testbed: Testbed, options: ChaosOptions): Promise<ChaosResult> {
  const { say, signal, seed } = options;
  const began = Date.now();
  const versions = { ...(await machineVersions()), iptables: await toolVersion(['iptables', '--version']) };
  say(`seed ${seed}: a fresh testbed, a Docker engine, an agent and containers`);
  const setup = await setUpChaos(testbed, signal);
  const docker = await setup.engine.expect(['version', '--format', '{{.Server.Version}}']);
  await testbed.acl.reset();
  const recording = newRecording();
  const problems: string[] = [];
  void setup.agent.lost.then((why) => problems.push(why));
  const downloads = downloadsAt(setup, (tally) => addTallies(recording, tally));
  const traffic = startTraffic(setup, {
    ...{ perSecond: options.perSecond, seed },
    onTally: (tally) => addTallies(recording, tally),
    onHeldEvent: (kind, event) => {
      if (event.what === 'opened') recording.opened += 1;
      else recording.cuts.push({ ...event, kind });
    },
    onLost: (why) => problems.push(why),
  });
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const building = (async () => {
    while (!either.aborted) {
      await downloads.build();
      await sleep(REST_MS);
    }
  })();
  const enough = () => tried(recording) >= options.connections;
  const telling = setInterval(() => {
    if (!signal.aborted) options.progress(progressLine(recording, options));
  }, PROGRESS_MS);
  try {
    await disturb({ setup, recording, downloads, seed, enough, problems, paceMs: options.paceMs, signal });
    ended.abort();
    await building;
    await sleep(SETTLE_MS);
    const cutBefore = recording.cuts.length;
    await traffic.stop();
    recording.cuts.splice(cutBefore); // Those of its own ending.
  } catch (error) {
    if (signal.aborted) throw error;
    throw await explained(error, { seed, setup, recording });
  } finally {
    clearInterval(telling);
    ended.abort();
    await building;
  }
  return summary({
    ...{ setup, recording, problems: [...problems], seed, seconds: (Date.now() - began) / 1000 },
    versions: { ...versions, Docker: docker },
    impossibleDownloads: downloads.impossible(),
    counters: await testbed.acl.counters(),
    strays: [...recording.strays, ...(await setup.strays.read())],
    agentWords: await setup.agent.lastWords(WORDS),
  });
}

/** The error with what helps to find the reason. */
async function explained(
  cause: unknown,
  { seed, setup, recording }: { seed: number; setup: ChaosSetup; recording: Recording },
): Promise<PortfenceError> {
  const message = cause instanceof Error ? cause.message : String(cause);
  const lines = [...lastDisturbances(recording.latest), 'the agent:', ...(await setup.agent.lastWords(WORDS))];
  const more = { detail: lines.join('\n'), hint: `once more: npm run chaos -- --seed ${seed}`, cause };
  return new PortfenceError('SYSTEM', `seed ${seed}: ${message}`, more);
}

function progressLine(recording: Recording, { connections }: ChaosOptions): string {
  const disturbances = [...recording.disturbances.values()].reduce((sum, { done }) => sum + done, 0);
  const last = recording.latest.at(-1)?.name ?? 'nothing yet';
  const numbers = [tried(recording), connections].map((count) => count.toLocaleString('en')).join(' of ');
  return `${numbers} connections, ${disturbances} disturbances (latest: ${last}), ${recording.cuts.length} connections ended`;
}

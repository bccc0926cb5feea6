import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startEngine } from '../../src/lab/docker.ts';
import { HTTP_PORT } from '../../src/lab/peer-servers.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { judgeLatency, type LatencyResult } from './latency-target.ts';
import { openMounter } from './mounter.ts';
import { PORTS, startBenchAgent, stateFolder } from './start-agent.ts';
import { type WatchedNamespace, watchedNamespace, whenInRange } from './watched-namespace.ts';

/** Container starts on a real engine. */
export interface Starts {
  readonly how: string;
  readonly started: number;
  /** Whose first instruction read the allowed range. */
  readonly inTime: number;
}

/** How soon namespaces and containers had their range, and what left out of range. */
export interface NativeResult {
  readonly versions: Versions;
  /** From the moment before a namespace is mounted to its range being there. */
  readonly one: LatencyResult;
  readonly crowd: LatencyResult;
  readonly starts: readonly Starts[];
  /** Packets of those containers' downloads, at the ACL. */
  readonly packets: { readonly inRange: number; readonly outOfRange: number };
  readonly met: boolean;
}

interface Options {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How many containers start at the same time. */
export const AT_ONCE = 20;
const PROMISE = { medianMs: 15, p99Ms: 40 };
/** One in two hundred may be late; it is mapped on its way out. */
const LATE = 1 / 200;
const MIRRORS = 100;

/** Measures one namespace after another, many at once, and real containers. */
export async function benchNative(options: Options): Promise<NativeResult> {
  const { one, crowd } = await mounted(options);
  const { starts, packets, docker } = await started(options);
  return {
    versions: { ...(await machineVersions()), Docker: docker },
    ...{ one, crowd, starts, packets },
    met:
      one.met &&
      crowd.met &&
      starts.every((seen) => seen.started - seen.inTime <= seen.started * LATE) &&
      packets.outOfRange === 0 &&
      packets.inRange > 0,
  };
}

/** Namespaces that are mounted as engines mount them, with the very moment known. */
function mounted({ runs, say, signal }: Options): Promise<{ one: LatencyResult; crowd: LatencyResult }> {
  return withTestbed({ allowed: LAB_PORTS }, signal, async (testbed) => {
    const folder = join(await stateFolder(testbed), 'netns');
    await mkdir(folder);
    const mounter = await openMounter(testbed, folder);
    await startBenchAgent(testbed, { enter: mounter.enter, flags: ['--netns', folder] });
    let count = 0;
    const give = async (size: number): Promise<readonly number[]> => {
      signal.throwIfAborted();
      const watched: WatchedNamespace[] = [];
      for (let i = 0; i < size; i++) watched.push(await watchedNamespace());
      const mounts = watched.map(({ path }) => ({ name: `n${count++}`, path }));
      const [{ began }, given] = await Promise.all([mounter.mount(mounts), whenInRange(watched)]);
      await mounter.unmount(mounts.map(({ name }) => name));
      await Promise.all(watched.map(({ close }) => close()));
      return given.map((when) => when - began);
    };
    say(`${runs} namespaces, one after another`);
    const one: number[] = [];
    for (let run = 0; run < runs; run++) one.push(...(await give(1)));
    say(`${runs} namespaces, ${AT_ONCE} at once`);
    const crowd: number[] = [];
    for (let run = 0; run < runs; run += AT_ONCE) crowd.push(...(await give(AT_ONCE)));
    return { one: judgeLatency(one, PROMISE), crowd: judgeLatency(crowd, PROMISE) };
  });
}

/** Containers of a real engine: what their first instruction reads, and with which ports they leave. */
function started({ runs, say, signal }: Options) {
  return withTestbed({ allowed: LAB_PORTS, mirrors: MIRRORS }, signal, async (testbed) => {
    const engine = await startEngine(testbed);
    const image = await engine.importImage();
    const flags = ['--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
    await startBenchAgent(testbed, { enter: engine.enter, flags });
    let count = 0;
    const start = async (): Promise<boolean> => {
      signal.throwIfAborted();
      const url = `http://${mirrorAddress(count++ % MIRRORS).ipv4}:${HTTP_PORT}/file`;
      const script = `cat /proc/sys/net/ipv4/ip_local_port_range; download ${url}`;
      return (await engine.expect(['run', '--rm', image, 'sh', '-c', script])).startsWith(PORTS.replace('-', '\t'));
    };
    await start(); // Docker makes the folder with its first container.
    await testbed.acl.reset();
    const seen = async (how: string, size: number): Promise<Starts> => {
      say(`${runs} containers, ${how}`);
      let inTime = 0;
      for (let run = 0; run < runs; run += size)
        inTime += (await Promise.all(Array.from({ length: size }, start))).filter(Boolean).length;
      return { how, started: Math.ceil(runs / size) * size, inTime };
    };
    const starts = [await seen('one after another', 1), await seen(`${AT_ONCE} at once`, AT_ONCE)];
    const { inRange, outOfRange } = await testbed.acl.counters();
    const docker = await engine.expect(['version', '--format', '{{.Server.Version}}']);
    return { starts, packets: { inRange, outOfRange }, docker };
  });
}

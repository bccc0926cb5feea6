import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startEngine } from '../../src/lab/docker.ts';
import { HTTP_PORT } from '../../src/lab/peer-servers.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withWorld } from '../with-world.ts';
import { openMounter } from './mounter.ts';
import { type Newborn, newborn, whenGiven } from './newborn.ts';
import { type Promised, promised } from './promised.ts';
import { PORTS, raiseAgent, stateFolder } from './raise.ts';

/** Container starts on a real engine. */
export interface Starts {
  readonly how: string;
  readonly started: number;
  /** Whose first instruction read the allowed range. */
  readonly inTime: number;
}

export interface NativeSeen {
  readonly versions: Versions;
  /** From the moment before a namespace is mounted to its range being there. */
  readonly one: Promised;
  readonly crowd: Promised;
  readonly starts: readonly Starts[];
  /** Packets of those containers' downloads, at the ACL. */
  readonly packets: { readonly inRange: number; readonly outOfRange: number };
  readonly kept: boolean;
}

interface Options {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export const AT_ONCE = 20;
const PROMISE = { medianMs: 15, p99Ms: 40 };
/** One in two hundred may be late; it is mapped on its way out. */
const LATE = 1 / 200;
const MIRRORS = 100;

export async function benchNative(options: Options): Promise<NativeSeen> {
  const { one, crowd } = await mounted(options);
  const { starts, packets, docker } = await started(options);
  return {
    versions: { ...(await machineVersions()), Docker: docker },
    ...{ one, crowd, starts, packets },
    kept:
      one.kept &&
      crowd.kept &&
      starts.every((seen) => seen.started - seen.inTime <= seen.started * LATE) &&
      packets.outOfRange === 0 &&
      packets.inRange > 0,
  };
}

/** Namespaces that are mounted as engines mount them, with the very moment known. */
function mounted({ runs, say, signal }: Options): Promise<{ one: Promised; crowd: Promised }> {
  return withWorld({ allowed: LAB_PORTS }, signal, async (world) => {
    const folder = join(await stateFolder(world), 'netns');
    await mkdir(folder);
    const mounter = await openMounter(world, folder);
    await raiseAgent(world, { enter: mounter.enter, flags: ['--netns', folder] });
    let count = 0;
    const give = async (size: number): Promise<readonly number[]> => {
      signal.throwIfAborted();
      const newborns: Newborn[] = [];
      for (let i = 0; i < size; i++) newborns.push(await newborn());
      const mounts = newborns.map(({ path }) => ({ name: `n${count++}`, path }));
      const [{ began }, given] = await Promise.all([mounter.mount(mounts), whenGiven(newborns)]);
      await mounter.unmount(mounts.map(({ name }) => name));
      await Promise.all(newborns.map(({ close }) => close()));
      return given.map((when) => when - began);
    };
    say(`${runs} namespaces, one after another`);
    const one: number[] = [];
    for (let run = 0; run < runs; run++) one.push(...(await give(1)));
    say(`${runs} namespaces, ${AT_ONCE} at once`);
    const crowd: number[] = [];
    for (let run = 0; run < runs; run += AT_ONCE) crowd.push(...(await give(AT_ONCE)));
    return { one: promised(one, PROMISE), crowd: promised(crowd, PROMISE) };
  });
}

/** Containers of a real engine: what their first instruction reads, and with which ports they leave. */
function started({ runs, say, signal }: Options) {
  return withWorld({ allowed: LAB_PORTS, mirrors: MIRRORS }, signal, async (world) => {
    const engine = await startEngine(world);
    const image = await engine.importImage();
    const flags = ['--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
    await raiseAgent(world, { enter: engine.enter, flags });
    let count = 0;
    const start = async (): Promise<boolean> => {
      signal.throwIfAborted();
      const url = `http://${mirrorAddress(count++ % MIRRORS).ipv4}:${HTTP_PORT}/file`;
      const script = `cat /proc/sys/net/ipv4/ip_local_port_range; download ${url}`;
      return (await engine.expect(['run', '--rm', image, 'sh', '-c', script])).startsWith(PORTS.replace('-', '\t'));
    };
    await start(); // Docker makes the folder with its first container.
    await world.acl.reset();
    const seen = async (how: string, size: number): Promise<Starts> => {
      say(`${runs} containers, ${how}`);
      let inTime = 0;
      for (let run = 0; run < runs; run += size)
        inTime += (await Promise.all(Array.from({ length: size }, start))).filter(Boolean).length;
      return { how, started: Math.ceil(runs / size) * size, inTime };
    };
    const starts = [await seen('one after another', 1), await seen(`${AT_ONCE} at once`, AT_ONCE)];
    const { inRange, outOfRange } = await world.acl.counters();
    const docker = await engine.expect(['version', '--format', '{{.Server.Version}}']);
    return { starts, packets: { inRange, outOfRange }, docker };
  });
}

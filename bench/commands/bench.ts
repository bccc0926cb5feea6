import { availableParallelism } from 'node:os';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import type { World } from '../../src/lab/world.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withWorld } from '../with-world.ts';
import { crowd } from './crowd.ts';
import { type Measured, type MeasuredHost, measure } from './measure.ts';
import { TARGET_MS } from './steps.ts';

export interface CommandsSeen {
  readonly versions: Versions;
  readonly cores: number;
  readonly runs: number;
  /** Whether every median that a target is for is below it. */
  readonly met: boolean;
  /** A host with one container bridge. */
  readonly plain: readonly Measured[];
  /** The same host with many bridges and many rules of others. */
  readonly crowded: readonly Measured[];
}

const BRIDGE = { name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true } as const;

interface Options {
  /** How often each command is run. */
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Measures every command on two hosts. About two minutes for 15 runs. */
export async function benchCommands({ runs, say, signal }: Options): Promise<CommandsSeen> {
  const versions = await machineVersions();
  say('building two lab hosts, a plain one and a crowded one');
  const inWorld = <T>(work: (world: World) => Promise<T>): Promise<T> =>
    withWorld({ allowed: LAB_PORTS }, signal, work);
  const { plain, crowded } = await inWorld((one) =>
    inWorld(async (other) => {
      const hosts = { plain: await containerHost(one), crowded: await containerHost(other) };
      await crowd(other.host);
      return measure(hosts, { runs, say });
    }),
  );
  return { versions, cores: availableParallelism(), runs, met: plain.every(meetsTarget), plain, crowded };
}

async function containerHost(world: World): Promise<MeasuredHost> {
  await world.addBridge(BRIDGE);
  const state = await makeLabFolder();
  world.onClose(state.remove);
  return { namespace: world.host, stateFolder: state.path };
}

export const meetsTarget = ({ promised, median }: Measured): boolean => !promised || median < TARGET_MS;

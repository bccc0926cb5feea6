import { availableParallelism } from 'node:os';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { withTestbed } from '../with-testbed.ts';
import { crowd } from './crowded-host.ts';
import { type Measured, type MeasuredHost, measure } from './measure.ts';
import { TARGET_MS } from './steps.ts';

/** How long each command takes, in ms. */
export interface CommandsResult {
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
export async function benchCommands({ runs, say, signal }: Options): Promise<CommandsResult> {
  const versions = await machineVersions();
  say('building two lab hosts, a plain one and a crowded one');
  const inTestbed = <T>(work: (testbed: Testbed) => Promise<T>): Promise<T> =>
    withTestbed({ allowed: LAB_PORTS }, signal, work);
  const { plain, crowded } = await inTestbed((one) =>
    inTestbed(async (other) => {
      const hosts = { plain: await containerHost(one), crowded: await containerHost(other) };
      await crowd(other.host);
      return measure(hosts, { runs, say });
    }),
  );
  return { versions, cores: availableParallelism(), runs, met: plain.every(meetsTarget), plain, crowded };
}

async function containerHost(testbed: Testbed): Promise<MeasuredHost> {
  await testbed.addBridge(BRIDGE);
  const state = await makeLabFolder();
  testbed.onClose(state.remove);
  return { namespace: testbed.host, stateFolder: state.path };
}

/** Whether the median is below the target, where the command has one. */
export const meetsTarget = ({ hasTarget, median }: Measured): boolean => !hasTarget || median < TARGET_MS;

import { PortfenceError } from '../../src/errors.ts';
import { openConnections } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { PEER } from '../../src/lab/topology.ts';
import { FAMILIES } from '../../src/ports.ts';
import type { Argv } from '../../src/system/system.ts';
import type { Ends, Tools } from './tools.ts';
import { until } from './until.ts';

const LINK_MS = 20_000;

/**
 * Takes the fence away with this command and waits until it is back. Throws SYSTEM where it does not come back. Not while the link is disturbed:
 * packets that no rule has changed would wait for the neighbour's address, and leave when the fence is long back.
 */
export async function openGap(tools: Tools, ends: Ends, command: Argv): Promise<void> {
  const { setup, alone, note, collect } = tools;
  const open = async (): Promise<void> => {
    const { from, to } = await setup.watch.gap(async () => {
      const problem = await setup.onHost(command);
      if (problem) throw new PortfenceError('SYSTEM', problem);
    });
    if (to === undefined) throw new PortfenceError('SYSTEM', `the fence did not come back after ${command.join(' ')}`);
    note({ from, to, ends, open: true });
    await collect();
  };
  await alone('agent', () => alone('uplink', open));
}

/** Restarts dockerd; its rules are there again after it. */
export const restartDocker = (tools: Tools): Promise<void> =>
  tools.alone('engine', async () => {
    await tools.setup.restartEngine();
    tools.shared.dockerRules = true;
  });

/** Does something and notes the time that it took as harm. */
export async function during<T>({ note }: Tools, ends: Ends, work: () => Promise<T>): Promise<T> {
  const from = Date.now();
  try {
    return await work();
  } finally {
    note({ from, to: Date.now(), ends, open: false });
  }
}

/** Disturbs the link and waits until it carries connections of both families again. */
export function disturbLink({ setup, alone, signal }: Tools, work: () => Promise<void>): Promise<void> {
  const carries = async (): Promise<boolean> => {
    const probes = FAMILIES.map((family) => ({
      ...{ protocol: 'tcp' as const, to: { host: PEER[family], port: ECHO_ADDRESS_PORT } },
      ...{ sourcePorts: { kernel: 1 }, timeoutMs: 1500 },
    }));
    return (await openConnections(setup.testbed.host, probes)).every(({ outcome }) => outcome === 'answered');
  };
  return alone('uplink', async () => {
    await work();
    if (!(await until(carries, LINK_MS, signal)))
      throw new PortfenceError('SYSTEM', `the link did not carry connections again within ${LINK_MS / 1000} s`);
  });
}

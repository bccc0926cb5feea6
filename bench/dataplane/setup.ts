import { startEngine } from '../../src/lab/docker.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { peerAddresses } from '../../src/lab/topology.ts';
import type { MeasuredFence } from './fences.ts';
import { CROWD, type DataplaneHost, MIRRORS } from './host.ts';
import { PORTS } from './load.ts';
import { benchProgram } from './program-file.ts';

/** The same with one fence raised and its containers running. */
export interface DataplaneSetup extends DataplaneHost {
  readonly fence: MeasuredFence;
  readonly containers: readonly Pick<Namespace, 'run'>[];
}

/** Docker 20 masquerades IPv6 when it is told to. */
const DUAL_STACK = ['--ipv6', '--fixed-cidr-v6', 'fd00:17::/64', '--experimental', '--ip6tables'];

/** Starts an engine, the fence and its containers; they end with the testbed. */
export async function setUpDataplane(testbed: Testbed, fence: MeasuredFence): Promise<DataplaneSetup> {
  const engine = await startEngine(testbed, { flags: DUAL_STACK });
  const host = { testbed, engine, image: await engine.importImage() };
  const addresses = peerAddresses(MIRRORS).filter((address) => !address.includes(':'));
  const { answer, hold, echo } = PORTS;
  const serving = await testbed.peer.startChild(
    benchProgram('serve', JSON.stringify({ addresses, answer, hold, echo })),
  );
  testbed.onClose(serving.stop);
  await fence.raise(host);
  const containers: Pick<Namespace, 'run'>[] = [];
  for (let i = 0; i < CROWD; i++) {
    const id = await engine.expect(['run', '--detach', '--stop-signal', 'KILL', host.image, 'sleep', '36000']);
    containers.push(await engine.inContainer(id));
  }
  return { ...host, fence, containers };
}

import { startEngine } from '../../src/lab/docker.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { peerAddresses } from '../../src/lab/topology.ts';
import type { World } from '../../src/lab/world.ts';
import type { Contender } from './contenders.ts';
import { CONTAINERS, type Ground, MIRRORS } from './ground.ts';
import { PORTS } from './load.ts';
import { benchProgram } from './program-file.ts';

/** The same with one contender raised and its containers running. */
export interface Site extends Ground {
  readonly contender: Contender;
  readonly containers: readonly Pick<Namespace, 'run'>[];
}

export async function openSite(world: World, contender: Contender): Promise<Site> {
  const engine = await startEngine(world);
  const ground = { world, engine, image: await engine.importImage() };
  const addresses = peerAddresses(MIRRORS).filter((address) => !address.includes(':'));
  const { answer, hold, echo } = PORTS;
  const serving = await world.peer.hold(benchProgram('serve', JSON.stringify({ addresses, answer, hold, echo })));
  world.onClose(serving.stop);
  await contender.raise(ground);
  const containers: Pick<Namespace, 'run'>[] = [];
  for (let i = 0; i < CONTAINERS; i++) {
    const id = await engine.expect(['run', '--detach', '--stop-signal', 'KILL', ground.image, 'sleep', '36000']);
    containers.push(await engine.inContainer(id));
  }
  return { ...ground, contender, containers };
}

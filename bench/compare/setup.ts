import { PortfenceError } from '../../src/errors.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { peerProgram } from '../../src/lab/peer-servers.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import { startChild } from '../../src/system/child.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';

/** How many addresses the peer has for all cases of one testbed together. */
export const MIRRORS = 80;
/** Containers get IPv6 addresses, masqueraded as their IPv4 ones are. */
const ENGINE_FLAGS = ['--ipv6', '--fixed-cidr-v6', 'fd00:d0c::/64', '--experimental', '--ip6tables'];

type Address = ReturnType<typeof mirrorAddress>;
type Container = Pick<Namespace, 'run'>;

/** A fresh testbed with a real engine, in which the cases are tried one after the other. */
export interface ComparisonSetup {
  readonly testbed: Testbed;
  readonly engine: Engine;
  /** So many of the peer's addresses, given out once: no case inherits what another left in connection tracking. */
  destinations(count: number): readonly Address[];
  /** A container of the default bridge; always the same one. */
  readonly container: Container;
  /** A container with the peer's servers in it, and a port of the host that leads to them. */
  publishServers(port: number): Promise<void>;
  /** Runs a command where the engine's rules are. Throws PortfenceError where it fails. */
  onHost(argv: Argv): Promise<void>;
}

/** Starts the engine and a container; they end with the testbed. */
export async function setUpComparison(testbed: Testbed): Promise<ComparisonSetup> {
  const engine = await startEngine(testbed, { flags: ENGINE_FLAGS });
  await engine.importImage();
  const start = (...flags: string[]): Promise<string> =>
    engine.expect(['run', '--detach', '--stop-signal', 'KILL', ...flags, IMAGE, 'sleep', '3600']);
  let given = 0;
  return {
    testbed,
    engine,
    destinations: (count) => {
      if (given + count > MIRRORS) throw new RangeError(`the peer has no more than ${MIRRORS} addresses`);
      const first = given;
      given += count;
      return Array.from({ length: count }, (_, index) => mirrorAddress(first + index));
    },
    container: await engine.inContainer(await start()),
    publishServers: async (port) => {
      const id = await start('--publish', `${port}:7000`);
      const address = await engine.expect(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', id]);
      const inside = await engine.inContainer(id);
      const servers = await startChild(inside.enter(peerProgram([address], { stay: false })));
      testbed.onClose(servers.stop);
    },
    onHost: async (argv) => {
      const { code, stderr } = await run(engine.enter(argv));
      if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
    },
  };
}

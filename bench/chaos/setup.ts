import { PortfenceError } from '../../src/errors.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import { makeLabFolder } from '../../src/lab/lab-folder.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { logStrays, type StrayLog } from '../../src/lab/stray-log.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { HOST, ipBatch } from '../../src/lab/topology.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { type AddressBook, addressBook } from './addresses.ts';
import { type Agent, agentIn } from './agent.ts';
import { type FenceWatch, watchFence } from './fence-watch.ts';
import { policyText } from './policies.ts';
import { until } from './until.ts';

/** How many further addresses the peer has. */
export const MIRRORS = 120;
/** Containers get IPv6 addresses, masqueraded as their IPv4 ones are, and live on while dockerd is away. */
const ENGINE_FLAGS = ['--live-restore', '--ipv6', '--fixed-cidr-v6', 'fd00:d0c::/64', '--experimental', '--ip6tables'];
const RESTARTS = 3;
const FOLLOWS_MS = 20_000;

type Origin = Pick<Namespace, 'enter' | 'run'>;

/** A host with an agent, an engine and containers that run all the time, behind the ACL. */
export interface ChaosSetup {
  readonly testbed: Testbed;
  readonly engine: Engine;
  readonly agent: Agent;
  readonly strays: StrayLog;
  readonly watch: FenceWatch;
  readonly addresses: AddressBook;
  /** The host first, then the containers. */
  readonly origins: readonly { readonly name: string; readonly at: Origin }[];
  /** Runs a command where the engine's rules are; gives its words where it fails. */
  onHost(argv: Argv): Promise<string | undefined>;
  /** Restarts dockerd, again where it doesn't come up, as its unit would. */
  restartEngine(): Promise<void>;
  /** Gives the agent a policy and waits until the kernel has it. */
  usePolicy(variant: number, guard: 'count' | 'drop'): Promise<void>;
  /** The uplink as an administrator has set it up. */
  configureUplink(): Promise<void>;
}

/** Starts engine, agent and containers; they end with the testbed. Throws SYSTEM where one does not start. */
export async function setUpChaos(testbed: Testbed, signal: AbortSignal): Promise<ChaosSetup> {
  const engine = await startEngine(testbed, { flags: ENGINE_FLAGS });
  await engine.importImage();
  const folder = await makeLabFolder();
  testbed.onClose(folder.remove);
  const agent = agentIn(folder.path, engine, signal);
  await agent.writePolicy(policyText(0, 'count'));
  await agent.start();
  const strays = await logStrays(testbed.router, testbed.allowed);
  const watch = watchFence(testbed.host);
  testbed.onClose(watch.stop);
  await engine.expect(['network', 'create', '--ipv6', '--subnet', 'fd00:5::/64', 'shop']);
  const container = async (network: string): Promise<Origin> => {
    const flags = ['--detach', '--stop-signal', 'KILL', '--network', network];
    return engine.inContainer(await engine.expect(['run', ...flags, IMAGE, 'sleep', '36000']));
  };
  const origins = [
    { name: 'host', at: testbed.host },
    { name: 'container 1', at: await container('bridge') },
    { name: 'container 2', at: await container('bridge') },
    { name: 'container 3', at: await container('shop') },
  ];
  return {
    ...{ testbed, engine, agent, strays, watch, origins },
    addresses: addressBook(MIRRORS),
    onHost: async (argv) => {
      const { code, stderr } = await run(engine.enter(argv));
      return code === 0 ? undefined : `${argv.join(' ')}: ${stderr.trim()}`;
    },
    restartEngine: () => restart(engine),
    usePolicy: async (variant, guard) => {
      await agent.writePolicy(policyText(variant, guard));
      if (!(await until(() => holds(testbed.host, guard), FOLLOWS_MS, signal)))
        throw new PortfenceError('SYSTEM', `the agent did not take over guard: ${guard} within ${FOLLOWS_MS / 1000} s`);
    },
    configureUplink: () =>
      ipBatch(testbed.host, [
        'link set eth0 up',
        `addr replace ${HOST.ipv6}/64 dev eth0 nodad`,
        'route replace default via 10.0.1.1 metric 100',
        'route replace default via fd00:1::1 metric 100',
      ]),
  };
}

async function restart(engine: Engine): Promise<void> {
  await engine.stop();
  for (let turn = 1; ; turn += 1) {
    try {
      return await engine.start();
    } catch (error) {
      if (turn === RESTARTS) throw error;
    }
  }
}

async function holds(host: Namespace, guard: 'count' | 'drop'): Promise<boolean> {
  const { code, stdout } = await host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'leak_host']);
  return code === 0 && /\bdrop\b/.test(stdout) === (guard === 'drop');
}

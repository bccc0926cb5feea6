import { parse, stringify } from 'yaml';
import { imageName } from '../../scripts/release/image-file.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { IMAGE as BASE } from '../../src/lab/image.ts';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { HOST, ipBatch, PEER, prepareNamespace } from '../../src/lab/topology.ts';
import { run } from '../../src/system/run.ts';
import { COMMAND } from './command-line.ts';

/** The service of a stack with the name portfence. */
export const AGENT = 'portfence_agent';
export const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
/** Behind a registry that refuses at once, so that nodes take the image that they have. */
const IMAGE = `127.0.0.1:1/${imageName()}`;

/** A host with an engine, behind the testbed's ACL. */
export interface SwarmNode {
  readonly host: Namespace;
  readonly engine: Engine;
  readonly address: string;
  /** By what the swarm knows it. */
  id(): Promise<string>;
  /** The ports that the host's programs get: `49152 61000`. */
  range(): Promise<string>;
  /** The rules by which a packet leaves in range. */
  rules(): Promise<string>;
  /** The container of the agent's task; undefined where none is healthy. */
  agent(): Promise<string | undefined>;
  /** Joins the swarm of this manager. */
  joinSwarm(manager: SwarmNode): Promise<void>;
  /** Downloads again and again, from a container's ports of its own choice and from the host's; gives what ends it. */
  startTraffic(): Promise<() => Promise<Traffic>>;
}

/** How many downloads were answered, and which were not. */
export interface Traffic {
  readonly answered: number;
  readonly failures: readonly string[];
}

/** Hosts with engines that have the images: portfence's from this archive, and the lab's. */
export async function swarmNodes(testbed: Testbed, count: number, archive: string): Promise<readonly SwarmNode[]> {
  const hosts = [{ host: testbed.host, address: HOST.ipv4 as string }];
  for (let i = 1; i < count; i++) hosts.push(await furtherHost(testbed, i));
  return Promise.all(hosts.map((one) => startNode({ ...testbed, host: one.host }, one.address, archive)));
}

/** A host in a subnet of its own; the ACL counts what it sends as it does for the first. */
async function furtherHost({ router, onClose }: Testbed, index: number) {
  const host = await createNamespace();
  onClose(host.close);
  const link = `h${index + 2}`;
  const subnet = `10.0.${index + 2}`;
  await prepareNamespace(host, true);
  await ipBatch(host, [`link add eth0 type veth peer name ${link} netns ${router.pid}`]);
  await ipBatch(router, [`addr add ${subnet}.1/24 dev ${link}`, `link set ${link} up`]);
  await ipBatch(host, [`addr add ${subnet}.10/24 dev eth0`, 'link set eth0 up', `route add default via ${subnet}.1`]);
  return { host, address: `${subnet}.10` };
}

async function startNode(testbed: Testbed, address: string, archive: string): Promise<SwarmNode> {
  const engine = await startEngine(testbed, { usualPaths: true });
  await engine.expect(['load', '--input', archive]);
  await engine.expect(['tag', imageName(), IMAGE]);
  await engine.importImage();
  const startTraffic = async () => {
    const start = (flags: readonly string[], ports: string) =>
      engine.expect(['run', '--detach', '--stop-signal', 'KILL', ...flags, BASE, 'sh', '-c', DOWNLOADS, 'sh', ports]);
    const containers = await Promise.all([start([], 'own'), start(['--network', 'host'], 'kernel')]);
    return async () => {
      const said = await Promise.all(containers.map((one) => engine.expect(['logs', one])));
      await engine.expect(['rm', '--force', ...containers]);
      const lines = said.flatMap((text) => text.split('\n')).filter(Boolean);
      return { answered: lines.filter((one) => one === 'ok').length, failures: lines.filter((one) => one !== 'ok') };
    };
  };
  return {
    ...{ host: testbed.host, engine, address, startTraffic },
    id: () => engine.expect(['info', '--format', '{{.Swarm.NodeID}}']),
    range: async () => (await testbed.host.expect(['cat', RANGE])).trim().replace('\t', ' '),
    rules: () => testbed.host.expect(['nft', '--stateless', 'list', 'chain', 'inet', 'portfence', 'guard_leaving']),
    agent: async () => {
      const filters = [`name=${AGENT}`, 'health=healthy'].flatMap((one) => ['--filter', one]);
      return (await engine.expect(['ps', '--quiet', ...filters])) || undefined;
    },
    joinSwarm: async (manager) => {
      const token = await manager.engine.expect(['swarm', 'join-token', '--quiet', 'worker']);
      await engine.expect(['swarm', 'join', '--token', token, `${manager.address}:2377`]);
    },
  };
}

/** Ports of a program's own choice are out of range without a fence; so are most that the kernel chooses. */
const DOWNLOADS = `
port=20000
while :; do
  port=$((port + 7))
  test $1 = own && flags="--local-port $port"
  if curl -s -f -m 4 -o /dev/null $flags http://${PEER.ipv4}/; then echo ok; else echo "no answer from $1 port $port"; fi
  sleep 0.5
done`;

/** The times of a stack file for which a test can't wait. */
const TIMES: Readonly<Record<string, unknown>> = {
  ...{ interval: '2s', start_period: '6s', retries: 3, monitor: '1s', delay: '1s' },
};

/** Deploys what `portfence install swarm` prints with these arguments, but for its times. Throws with the words of either. */
export async function deployStack({ engine }: SwarmNode, stack: string, args: readonly string[]): Promise<void> {
  const printed = await run([...COMMAND, 'install', 'swarm', '--image', IMAGE, ...args]);
  if (printed.code !== 0) throw new Error(printed.stderr);
  const quick: unknown = parse(printed.stdout, (key, value: unknown) =>
    typeof key === 'string' && Object.hasOwn(TIMES, key) ? TIMES[key] : value,
  );
  const deploy = ['stack', 'deploy', '--resolve-image', 'never', '--compose-file', '-', stack];
  await engine.expect(deploy, { input: stringify(quick) });
}

/** A task of a service, as its manager tells it. */
export interface Task {
  readonly node: string;
  readonly args: readonly string[];
  readonly state: string;
  readonly createdAt: string;
  /** When it came into this state. */
  readonly since: string;
}

/** Every task of a service, the oldest first. */
export async function tasksOf({ engine }: SwarmNode, service: string): Promise<readonly Task[]> {
  const ids = await engine.expect(['service', 'ps', '--quiet', '--no-trunc', service]);
  if (ids === '') return [];
  const told: readonly Told[] = JSON.parse(await engine.expect(['inspect', '--type', 'task', ...ids.split('\n')]));
  return told
    .map(({ NodeID: node, CreatedAt: createdAt, Spec, Status }) => ({
      ...{ node, createdAt, args: Spec.ContainerSpec.Args, state: Status.State, since: Status.Timestamp },
    }))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

interface Told {
  readonly NodeID: string;
  readonly CreatedAt: string;
  readonly Spec: { readonly ContainerSpec: { readonly Args: readonly string[] } };
  readonly Status: { readonly State: string; readonly Timestamp: string };
}

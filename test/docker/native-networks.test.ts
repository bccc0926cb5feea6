import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openConnections } from '../../src/lab/connections.ts';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { ECHO_ADDRESS_PORT, peerProgram } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { startChild } from '../../src/system/child.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const ALLOWED = '49152\t61000';
const DEFAULT = '32768\t60999';
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const SERVICE = 8080;
const PATIENCE = { timeout: 30_000, interval: 100 };

needs(...ENGINE, 'conntrack')('native ranges with user namespaces', () => {
  let testbed: Testbed;
  let engine: Engine;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let image: string;
  const status = async (...flags: readonly string[]) =>
    (await run(engine.enter(portfence.argv(['status', '--docker-host', engine.address, ...flags])))).stdout;

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports, published: [SERVICE] });
    engine = await startEngine(testbed, { usernsRemap: true });
    image = await engine.importImage();
    portfence = await commandLine(testbed.host);
    const args = ['--ports', '49152-61000', '--docker-host', engine.address];
    agent = await startAgent(engine, portfence, args, { ownMounts: false });
    const looks = async () => JSON.parse(await status('--json')).agent?.looks ?? 0;
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(0), PATIENCE);
    await vi.waitFor(async () => expect(await engine.expect(['run', '--rm', image, 'cat', RANGE])).toBe(ALLOWED), {
      timeout: 20_000,
      interval: 10,
    });
  });
  afterAll(async () => {
    await agent?.stop();
    await testbed?.close();
    await portfence?.close();
  });

  /** How the peer sees so many connections whose ports the container's own kernel chooses. */
  const ownPorts = async (container: string, address: string) => {
    const inside = await engine.inContainer(container);
    const seen = await seenFrom(inside, { kernel: 40 });
    expect(seenText(seen).filter((text) => !text.startsWith(`${address} `))).toEqual([]);
    return seen.flatMap((one) => one.seen?.port ?? []);
  };

  /** A machine that is busy with other tests may be late once, so another container tries again. */
  const inTime = (work: () => Promise<string>) =>
    vi.waitFor(async () => expect(await work()).toContain(ALLOWED), { timeout: 20_000, interval: 10 });

  test('a container of a remapped root reads the allowed range with its first instruction', async () => {
    const script = `cat ${RANGE}; cat /proc/self/uid_map`;
    await inTime(async () => {
      const said = await engine.expect(['run', '--rm', image, 'sh', '-c', script]);
      expect(Number(/^\s*0\s+(\d+)/m.exec(said)?.[1])).toBeGreaterThan(0);
      return said;
    });
  });

  test('a container on a macvlan network, which no rule of the host reaches, leaves in range; status names the network', async () => {
    const subnet = ['--subnet', '10.0.1.0/24', '--gateway', '10.0.1.1', '--ip-range', '10.0.1.64/28'];
    await engine.expect(['network', 'create', '--driver', 'macvlan', '-o', 'parent=eth0', ...subnet, 'lan']);
    await inTime(() => engine.expect(['run', '--rm', '--network', 'lan', image, 'cat', RANGE]));
    const flags = ['--detach', '--stop-signal', 'KILL', '--name', 'direct', '--network', 'lan'];
    await engine.expect(['run', ...flags, image, 'sleep', '600']);
    await inTime(() => engine.expect(['exec', 'direct', 'cat', RANGE]));
    await testbed.acl.reset();
    const ports = await ownPorts('direct', '10.0.1.64');
    expect(ports).toHaveLength(40);
    expect(await testbed.acl.counters()).toMatchObject({ outOfRange: 0 });
    // What the program chooses by itself is beyond anybody's reach: the rules never see it.
    const [stray] = await openConnections(await engine.inContainer('direct'), [
      { protocol: 'udp', to: { host: PEER.ipv4, port: ECHO_ADDRESS_PORT }, sourcePorts: [40_001], timeoutMs: 300 },
    ]);
    expect(stray?.outcome).toBe('no answer');
    expect((await testbed.acl.counters()).outOfRange).toBe(1);
    expect(JSON.parse(await status('--json'))).toMatchObject({
      bypassing: [{ engine: 'docker', network: 'lan', driver: 'macvlan', native: true }],
    });
    expect(await status()).toContain("docker network lan (macvlan): the agent's range reaches its containers");
    await engine.expect(['rm', '--force', 'direct']);
    await engine.expect(['network', 'rm', 'lan']);
  });

  test('a task of a Swarm service reads the range; its published port shows the real client, the engine’s own sandboxes stay', async () => {
    await engine.expect(['swarm', 'init', '--advertise-addr', HOST.ipv4]);
    await engine.expect(['network', 'create', '--driver', 'overlay', 'cloud']);
    // The routing mesh needs ip_vs of the kernel; a port of the host does not.
    const publish = ['--publish', `mode=host,target=${ECHO_ADDRESS_PORT},published=${SERVICE}`];
    const service = ['--detach', '--name', 'shop', '--network', 'cloud', '--endpoint-mode', 'dnsrr', ...publish];
    // Swarm asks the registry that an image is named after; this one refuses at once.
    const local = '127.0.0.1:1/lab:1';
    await engine.expect(['tag', image, local]);
    // A task that does not read the range with its first instruction ends, and Swarm starts another.
    const command = [local, 'sh', '-c', `grep -q '^49152' ${RANGE} && exec sleep 600`];
    await engine.expect(['service', 'create', ...service, '--restart-delay', '100ms', ...command]);
    const task = await vi.waitFor(async () => {
      const id = await engine.expect(['ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=shop']);
      expect(await engine.expect(['exec', id, 'cat', RANGE])).toBe(ALLOWED);
      return id;
    }, PATIENCE);
    await testbed.acl.reset();
    expect(await ownPorts(task, HOST.ipv4)).toHaveLength(40);
    const inside = await engine.inContainer(task);
    const addresses = (await inside.run(['ip', '-4', '-o', 'addr', 'show', 'scope', 'global'])).stdout;
    const own = [...addresses.matchAll(/inet ([\d.]+)/g)].flatMap(([, address]) => address ?? []);
    expect(own.length).toBeGreaterThan(1);
    const server = await startChild(inside.enter(peerProgram(own, { stay: false })));
    const clients = await seenFrom(testbed.peer, [33_333], { to: HOST.ipv4, port: SERVICE });
    await server.stop();
    expect(seenText(clients)).toEqual([`${PEER.ipv4} 33333`]);
    expect((await testbed.acl.counters()).outOfRange).toBe(0);
    const folder = `${engine.execRoot}/netns`;
    const names = (await run(engine.enter(['ls', folder]))).stdout.split('\n');
    const engines = names.filter((name) => /^(?:ingress_sbox|lb_.*|1-.*)$/.test(name));
    expect(engines).toContain('ingress_sbox');
    for (const name of engines) {
      const { stdout } = await run(engine.enter(['nsenter', `--net=${folder}/${name}`, 'cat', RANGE]));
      expect(stdout.trim(), name).toBe(DEFAULT);
    }
  });
});

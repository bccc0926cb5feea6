import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { askSocket } from '../support/http-socket.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 55_000, interval: 200 };
const LABELS = ['--label', 'com.docker.compose.project=shop', '--label', 'com.docker.compose.service=web'] as const;
const PORTS = ['--ports', '49152-61000'] as const;

needs(...ENGINE, 'conntrack')('who uses which ports, beside a real engine', () => {
  let testbed: Testbed;
  let engine: Engine;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let image: string;
  const ask = async (...args: string[]) =>
    JSON.parse(
      (await run(engine.enter(portfence.argv([...args, ...PORTS, '--docker-host', engine.address, '--json'])))).stdout,
    );

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    engine = await startEngine(testbed);
    image = await engine.importImage();
    portfence = await commandLine(testbed.host);
    await engine.expect(['run', '--detach', '--name', 'shop-web-1', ...LABELS, image, 'sleep', '3600']);
    agent = await startAgent(engine, portfence, [...PORTS, '--docker-host', engine.address], { ownMounts: false });
    const socket = join(portfence.folder, 'state/agent.sock');
    await vi.waitFor(async () => expect((await askSocket(socket, '/readyz')).status).toBe(200), PATIENCE);
    // They stay for two minutes in TIME_WAIT.
    await engine.expect(['exec', 'shop-web-1', 'download', ...Array(5).fill(`http://${PEER.ipv4}/package`)]);
  });
  afterAll(async () => {
    await agent?.stop();
    await testbed?.close();
    await portfence?.close();
  });

  test('flows names the container, its image and its place in a compose project', async () => {
    const { containers } = await ask('flows', '--by', 'container');
    expect(containers).toContainEqual(
      expect.objectContaining({ name: 'shop-web-1', image, group: 'shop/web', flows: 5, outOfRange: 0 }),
    );
  });

  test('why names who fills a service', async () => {
    const { sources } = await ask('why', `${PEER.ipv4}:80`);
    expect(sources).toEqual([expect.objectContaining({ name: 'shop-web-1', kind: 'container', flows: 5 })]);
  });

  test("the agent's metrics and its page have the names", async () => {
    const socket = join(portfence.folder, 'state/agent.sock');
    await vi.waitFor(
      async () =>
        expect((await askSocket(socket, '/metrics')).body).toMatch(
          /^portfence_container_connections\{[^}]*container="shop-web-1"[^}]*\} 5$/m,
        ),
      PATIENCE,
    );
    const { pairs } = JSON.parse((await askSocket(socket, '/api/flows')).body);
    expect(pairs[0]).toMatchObject({ name: 'shop-web-1', address: PEER.ipv4, port: 80, flows: 5 });
  });
});

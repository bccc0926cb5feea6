import { readFileSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { askSocket } from '../support/http-socket.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';

const RULES = fileURLToPath(new URL('../../examples/prometheus/rules.yml', import.meta.url));
const DASHBOARD = fileURLToPath(new URL('../../examples/prometheus/grafana.json', import.meta.url));
const PATIENCE = { timeout: 70_000, interval: 200 };

/** Evaluates every second what people evaluate every minute. */
const CONFIG = `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs:
  - job_name: portfence
    static_configs: [{ targets: ['127.0.0.1:9469'] }]
`;

needs(
  ...LAB,
  'conntrack',
  'prometheus',
  'promtool',
  'curl',
)('what the agent serves', () => {
  let testbed: Testbed;
  let guest: Guest;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let prometheus: RunningPrometheus;
  const socket = () => join(portfence.folder, 'state/agent.sock');
  const ask = (path: string, headers?: Record<string, string>) => askSocket(socket(), path, headers);
  const prometheusSays = (path: string) => prometheus.says(path);
  const query = async (expression: string) => (await prometheus.query(expression)) ?? [];
  const firing = async (): Promise<readonly string[]> => {
    const alerts = ((await prometheusSays('alerts'))?.['alerts'] ?? []) as {
      state: string;
      labels: { alertname: string };
    }[];
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  };
  const fires = (name: string) => vi.waitFor(async () => expect(await firing()).toContain(name), PATIENCE);

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: [{ from: 49_152, to: 49_215 }] });
    const bridge = await testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    guest = await bridge.addGuest();
    portfence = await commandLine(testbed.host);
    const folder = portfence.folder;
    await writeFile(join(folder, 'policy.yaml'), 'ports: 49152-49215\nlisten: 127.0.0.1:9469\n');
    const flags = ['--policy', join(folder, 'policy.yaml'), '--netns', join(folder, 'netns')];
    agent = await startAgent(testbed.host, portfence, flags, { ownMounts: true });
    await vi.waitFor(async () => expect((await ask('/readyz')).status).toBe(200), PATIENCE);
    await writeFile(join(folder, 'rules.yml'), readFileSync(RULES, 'utf8').replaceAll(/\n +for: .*/g, ''));
    prometheus = await startPrometheus(testbed.host, folder, CONFIG);
    await vi.waitFor(async () => expect((await query('up'))[0]?.value[1]).toBe('1'), PATIENCE);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await agent?.stop();
    await testbed?.close();
    await portfence?.close();
  });

  test('its socket is for root alone, and goes with the agent', async () => {
    expect((await stat(socket())).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text; version=1.0.0', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ])('promtool finds no fault with its metrics (%s)', async (accept, type) => {
    const { body, headers } = await ask('/metrics', { accept });
    expect(headers['content-type']).toBe(type);
    if (accept === '') {
      const { code, stdout, stderr } = await run(['promtool', 'check', 'metrics'], { input: body });
      expect(stdout + stderr).toBe('');
      expect(code).toBe(0);
    } else expect(body.endsWith('# EOF\n')).toBe(true);
    expect(body).toContain('portfence_agent_state{state="inSync"} 1');
    expect(body).toMatch(/^portfence_confined_packets_total \d+$/m);
  });

  test('the status is the model that the agent publishes', async () => {
    expect(JSON.parse((await ask('/api/status')).body)).toMatchObject({ version: 1, state: 'inSync', drift: [] });
  });

  test('a page on the web whose name leads here reads nothing', async () => {
    expect((await ask('/api/status', { host: 'evil.example:9469' })).status).toBe(421);
  });

  test('no alert fires on a healthy host that works', async () => {
    await seenFrom(guest, { kernel: 5 });
    await vi.waitFor(async () => expect((await query('portfence_range_ports'))[0]?.value[1]).toBe('64'), PATIENCE);
    expect(await firing()).toEqual([]);
  });

  test('each query of the Grafana dashboard gives an answer', async () => {
    const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const expression = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
        const answer = await prometheusSays(`query?query=${encodeURIComponent(expression)}`);
        expect(answer?.result, `${title}: ${expression}`).toBeDefined();
      }
    }
  });

  test('an alert fires when half of the ports are in use, and another at 80 %', async () => {
    // Longer than the pause between two looks of the agent.
    await testbed.host.expect(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=300']);
    const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
    await seenFrom(guest, from(40_000, 40), { protocol: 'udp' });
    await fires('PortfenceRangeHalfFull');
    await seenFrom(guest, from(41_000, 60), { protocol: 'udp' });
    await fires('PortfenceRangeNearlyFull');
    const counted = `portfence_destination_connections_total{protocol="udp",destination="${PEER.ipv4}"}`;
    expect(Number((await query(counted))[0]?.value[1])).toBeGreaterThanOrEqual(40);
    const full = await portfence.run(['why', `${PEER.ipv4}:${ECHO_ADDRESS_PORT}`]);
    expect(full.stdout).toContain('half of the ports or more are in use for');
    expect(full.stdout).toContain('or give it more ports');
    expect(full.code).toBe(1);
  });

  test('an alert fires when connections leak', async () => {
    const input =
      'table ip other { chain post { type nat hook postrouting priority 0; ip protocol udp masquerade to :20000-20999; }; }\n';
    await testbed.host.expect(['nft', '-f', '-'], { input });
    await seenFrom(guest, { kernel: 3 }, { protocol: 'udp', timeoutMs: 200 });
    // At once: what hangs may be dropped by the agent's next change.
    const { code, stdout } = await portfence.run(['flows', '--out-of-range']);
    expect(stdout).toContain('a leak');
    expect(code).toBe(1);
    await fires('PortfenceLeak');
    await testbed.host.expect(['nft', 'delete', 'table', 'ip', 'other']);
  });

  test('an alert fires when the fence is taken away again and again', async () => {
    for (let i = 0; i < 6; i += 1) {
      await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
      await vi.waitFor(
        async () => expect((await testbed.host.run(['nft', 'list', 'table', 'inet', 'portfence'])).code).toBe(0),
        PATIENCE,
      );
    }
    await fires('PortfenceRestoredOften');
  });

  test('alerts fire when the agent fails, and it is not ready then', async () => {
    const state = join(portfence.folder, 'state/state.json');
    await rm(state);
    await mkdir(state);
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    await fires('PortfenceAgentFailing');
    await fires('PortfenceNotInSync');
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/healthz')).status).toBe(200);
    await rm(state, { recursive: true });
  });

  test('an alert fires when the agent is gone', async () => {
    await agent.stop();
    await fires('PortfenceAgentDown');
    await expect(ask('/healthz')).rejects.toThrow('ENOENT');
    expect(await testbed.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence_seen');
  });
});

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 30_000, interval: 300 };

interface Member {
  readonly name: string;
  readonly guest: Guest;
  readonly portfence: CommandLine;
  readonly agent: RunningAgent;
}

interface Row {
  readonly name: string;
  readonly verdict: string;
  readonly [key: string]: unknown;
}

needs(
  ...LAB,
  'conntrack',
  'prometheus',
  'curl',
)('a fleet of agents', () => {
  let testbed: Testbed;
  let monitor: CommandLine;
  let prometheus: RunningPrometheus;
  const members: Member[] = [];

  const member = (name: string): Member => {
    const found = members.find((one) => one.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  };
  const addressOf = ({ guest }: Member): string => `${guest.ipv4}:9469`;
  const list = (): string => join(monitor.folder, 'hosts.txt');
  const byList = () => fleet(['--from', list()]);
  const byPrometheus = () => fleet(['--prometheus', 'http://127.0.0.1:9090']);
  const fleet = async (from: readonly string[]) => {
    const { code, document } = await monitor.json(['fleet', ...from]);
    return { code, document, hosts: document['hosts'] as readonly Row[] };
  };
  /** Verdicts by the members' own names, in the order of the table. */
  const verdicts = ({ hosts }: { hosts: readonly Row[] }): readonly string[] =>
    hosts.map(
      ({ name, verdict }) => `${members.find((one) => [one.name, addressOf(one)].includes(name))?.name}: ${verdict}`,
    );
  const both = (code: number, expected: readonly string[]) =>
    vi.waitFor(async () => {
      for (const seen of [await byList(), await byPrometheus()])
        expect({ code: seen.code, verdicts: verdicts(seen) }).toEqual({ code, verdicts: expected });
    }, PATIENCE);

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    const bridge = await testbed.addBridge({ name: 'br-fleet', ipv4: '10.9.0.1/24', masquerade: true });
    for (const name of ['web-1', 'web-2', 'web-3']) {
      const guest = await bridge.addGuest();
      const portfence = await commandLine(guest);
      const policy = join(portfence.folder, 'policy.yaml');
      await writeFile(policy, `ports: 49152-61000\nlisten: ${guest.ipv4}:9469\n`);
      const flags = ['--policy', policy, '--netns', join(portfence.folder, 'netns')];
      members.push({ name, guest, portfence, agent: await startAgent(guest, portfence, flags, { ownMounts: true }) });
    }
    monitor = await commandLine(testbed.host);
    await writeFile(list(), members.map((one) => `${one.name} http://${addressOf(one)}\n`).join(''));
    const targets = members.map((one) => `'${addressOf(one)}'`).join();
    const config = `
global: { scrape_interval: 1s }
scrape_configs:
  - { job_name: portfence, static_configs: [{ targets: [${targets}] }] }
  - { job_name: prometheus, static_configs: [{ targets: ['127.0.0.1:9090', '127.0.0.1:1'] }] }
`;
    prometheus = await startPrometheus(testbed.host, monitor.folder, config);
  });
  afterAll(async () => {
    await prometheus?.stop();
    for (const { agent, portfence } of members) {
      await agent.stop();
      await portfence.close();
    }
    await testbed?.close();
    await monitor?.close();
  });

  test('that is fine is fine, and other targets of Prometheus are none of it', async () => {
    await both(0, ['web-1: fine', 'web-2: fine', 'web-3: fine']);
    const [listed, scraped] = [await byList(), await byPrometheus()];
    for (const [index, row] of listed.hosts.entries()) {
      expect(row).toMatchObject({
        enforced: true,
        state: 'inSync',
        version: expect.stringMatching(/^\d/),
        ports: ['49152-61000'],
      });
      expect(scraped.hosts[index]).toMatchObject({
        version: row['version'],
        policy: row['policy'],
        ports: row['ports'],
        leaks: row['leaks'],
      });
    }
    expect(new Set(listed.hosts.map(({ policy }) => policy)).size).toBe(1);
  });

  test('is asked over a unix socket as well', async () => {
    const socket = join(member('web-1').portfence.folder, 'state/agent.sock');
    const file = join(monitor.folder, 'sockets.yaml');
    await writeFile(file, `hosts:\n  here: ${socket}\n  gone: unix:${socket}.gone\n`);
    const { code, hosts } = await fleet(['--from', file]);
    expect(code).toBe(3);
    expect(hosts).toMatchObject([
      { name: 'gone', verdict: 'no-answer', problem: 'there is no such socket: no agent runs there' },
      { name: 'here', verdict: 'fine' },
    ]);
  });

  test('a host that does not answer in time costs its own time alone', async () => {
    await member('web-2').agent.frozen(async () => {
      const file = join(monitor.folder, 'frozen.txt');
      const socket = join(member('web-2').portfence.folder, 'state/agent.sock');
      await writeFile(file, `${await readFile(list(), 'utf8')}socket ${socket}\n`);
      const { code, hosts } = await fleet(['--from', file, '--timeout', '1']);
      expect(code).toBe(3);
      expect(hosts).toMatchObject([
        { name: 'socket', problem: 'no answer within 1 s' },
        { name: 'web-2', problem: 'no answer within 1 s' },
        { name: 'web-1', verdict: 'fine' },
        { name: 'web-3', verdict: 'fine' },
      ]);
    });
  });

  test('an ACL is held against each host before it is applied', async () => {
    const acls = join(monitor.folder, 'acls.txt');
    const acl = (ports: string) =>
      `acl fleet-acl\n  subnet fleet 10.9.0.0/24\n  out 100 allow tcp 443 0.0.0.0/0\n  in 100 allow tcp ${ports} 0.0.0.0/0\n`;
    const check = async (ports: string) => {
      await writeFile(acls, acl(ports));
      return monitor.json(['acl', 'check', '--file', acls, '--fleet', list()]);
    };
    expect(await check('49152-61000')).toMatchObject({ code: 0, document: { fits: true, counts: { fits: 3 } } });
    const narrower = await check('49152-55075');
    expect(narrower.code).toBe(1);
    const row = { verdict: 'breaks', subnet: 'fleet', acl: 'fleet-acl', hangingPercent: 50, ports: ['49152-61000'] };
    expect(narrower.document['hosts']).toMatchObject([
      { ...row, name: 'web-1' },
      { ...row, name: 'web-2' },
      { ...row, name: 'web-3', recommended: '49152-55075' },
    ]);
  });

  test('the host with another policy stands out', async () => {
    const { guest, portfence } = member('web-3');
    await writeFile(
      join(portfence.folder, 'policy.yaml'),
      `ports: 49152-61000\nguard: drop\nlisten: ${guest.ipv4}:9469\n`,
    );
    await both(0, ['web-3: differs', 'web-1: fine', 'web-2: fine']);
  });

  test('the host that leaks comes first', async () => {
    const { guest } = member('web-2');
    const input =
      'table ip other { chain post { type nat hook postrouting priority 0; ip protocol udp masquerade to :40000-40999; }; }\n';
    await guest.expect(['nft', '-f', '-'], { input });
    const send = `const s = require('node:dgram').createSocket('udp4'); s.send('x', 9, '10.9.0.1', () => s.close())`;
    await guest.expect([process.execPath, '-e', send]);
    await both(1, ['web-2: leaks', 'web-3: differs', 'web-1: fine']);
    await guest.expect(['nft', 'delete', 'table', 'ip', 'other']);
    const { stdout, code } = await monitor.run(['fleet', '--from', list()]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 of 3 hosts leaks, 1 has another policy or version than most, 1 is fine\n/);
    expect(stdout).toMatch(/^web-2: 1 packets leaked in the last hour, 1 ever$/m);
  });

  test('a host whose agent fails comes next, and one that is gone is not forgotten', async () => {
    const { portfence, guest } = member('web-1');
    const state = join(portfence.folder, 'state/state.json');
    await rm(state);
    await mkdir(state);
    await guest.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    await member('web-3').agent.stop();
    await both(1, ['web-2: leaks', 'web-1: failing', 'web-3: no-answer']);
    const { hosts } = await byList();
    expect(hosts[1]).toMatchObject({
      enforced: false,
      state: 'failing',
      problem: expect.stringContaining('state.json'),
    });
    expect(hosts[2]).toMatchObject({ problem: 'nothing listens there' });
    await rm(state, { recursive: true });
  });
});

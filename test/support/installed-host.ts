import { expect, vi } from 'vitest';
import { IMAGE } from '../../src/lab/image.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { ECHO_ADDRESS_PORT, peerProgram } from '../../src/lab/peer-servers.ts';
import { type SystemdHost, startSystemdHost } from '../../src/lab/systemd-host.ts';
import type { Suite } from '../../src/lab/systemd-tree.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { KERNEL_EPHEMERAL, kernelRangeText } from '../../src/plan/given-ports.ts';
import { hasPort } from '../../src/ports.ts';
import { startChild } from '../../src/system/child.ts';
import type { Argv } from '../../src/system/system.ts';
import { EXECUTABLE } from './command-line.ts';
import { seenFrom, seenText } from './fenced-testbed.ts';
import { samplePolicy } from './samples.ts';

/** Milliseconds; the first file that boots a host may have to build its tree. */
export const BOOT_PATIENCE = 600_000;
/** The flags of every installation in the tests. */
export const PORTS = ['--ports', '49152-61000'] as const;
const AGENT = 'portfence-agent.service';
const SERVICE = 8080;
const CLIENT = 33_333;
/** Ports are used once: connection tracking remembers what a flow was mapped to. */
const spread = (round: number) => [1025, 20_001, 32_769, 40_001, 49_153, 60_500, 65_001].map((port) => port + round);

/** A host with systemd and Docker in a lab testbed, and what has to be true of it while it is fenced. */
export interface InstalledHost {
  readonly testbed: Testbed;
  readonly host: SystemdHost;
  systemctl(...args: string[]): Promise<string>;
  /** What systemd finds wrong with a unit file; empty for nothing. */
  unitFaults(path: string): Promise<string>;
  /** As often as wanted: systemd gives up after three starts a minute. */
  restartDocker(): Promise<void>;
  /** What `portfence ... --json` answers. */
  json(...args: string[]): Promise<{ readonly code: number; readonly document: Record<string, unknown> }>;
  /** Starts the container with a published port; it starts by itself whenever Docker does. */
  serve(): Promise<void>;
  /** One sentence for each thing that is not as it has to be: enforced, verified, clients real, ACL content. */
  faults(expected?: {
    readonly docker: boolean;
    readonly ports?: readonly { from: number; to: number }[];
  }): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Boots a host with systemd; it ends with `close`. */
export async function installedHost(suite?: Suite): Promise<InstalledHost> {
  const testbed = await buildTestbed({ allowed: samplePolicy.ports, published: [SERVICE] });
  try {
    const host = await startSystemdHost(testbed, { suite, executable: EXECUTABLE });
    return { testbed, host, ...checks(testbed, host), close: () => testbed.close() };
  } catch (error) {
    await testbed.close();
    throw error;
  }
}

function checks(testbed: Testbed, host: SystemdHost): Omit<InstalledHost, 'testbed' | 'host' | 'close'> {
  const json: InstalledHost['json'] = async (...args) => {
    const { code, stdout, stderr } = await host.portfence([...args, '--json']);
    if (stdout === '') throw new Error(`portfence ${args.join(' ')} ended with ${code}: ${stderr}`);
    return { code, document: JSON.parse(stdout) };
  };
  let round = 0;
  const docker = (...args: string[]) => host.expect(['docker', ...args]);
  const seen = async (from: Pick<Namespace, 'run'>, who: string, ports: typeof samplePolicy.ports) => {
    const results = (
      await Promise.all((['tcp', 'udp'] as const).map((protocol) => seenFrom(from, spread(round), { protocol })))
    ).flat();
    return results
      .filter((one) => !one.seen || (one.seen.address === HOST.ipv4 && !hasPort(ports, one.seen.port)))
      .map((one) => `${who} is seen as ${seenText([one]).join()}`);
  };
  /** What is left of the drift when the agent has had some looks. */
  const drift = async (): Promise<readonly string[]> => {
    let left: readonly string[] = [];
    for (let look = 0; look < 10; look++) {
      const { code, document } = await json('status');
      if (code === 0) return [];
      left = (document['drift'] ?? []) as readonly string[];
    }
    return left.length > 0 ? left : ['no fence'];
  };
  /** It started by itself, maybe before the agent, who then gives it the range when it comes. */
  const unserved = async (container: Pick<Namespace, 'run'>, ports: typeof samplePolicy.ports) => {
    const wanted = `${ports[0]?.from}\t${ports.at(-1)?.to}`;
    const own = async () => (await container.run(['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).stdout.trim();
    const late = () => vi.waitFor(async () => expect(await own()).toBe(wanted), { timeout: 10_000, interval: 100 });
    return late().then(
      () => [],
      async () => [`the container's own range is ${await own()}`],
    );
  };
  return {
    json,
    systemctl: (...args) => host.expect(['systemctl', ...args]),
    unitFaults: async (path) => {
      const { code, stderr } = await host.run(['systemd-analyze', 'verify', path]);
      return code === 0 ? stderr : `ended with ${code}: ${stderr}`;
    },
    restartDocker: async () => {
      await host.expect(['systemctl', 'reset-failed', 'docker.service']);
      await host.expect(['systemctl', 'restart', 'docker.service']);
    },
    serve: async () => {
      await host.importImage();
      const flags = [
        '--detach',
        '--restart',
        'always',
        '--stop-signal',
        'KILL',
        '--name',
        'service',
        '--publish',
        `${SERVICE}:${ECHO_ADDRESS_PORT}`,
      ];
      await docker(
        'run',
        ...flags,
        IMAGE,
        'sh',
        '-c',
        'cat /proc/sys/net/ipv4/ip_local_port_range >/range; exec sleep 36000',
      );
    },
    faults: async ({ docker: runs, ports = samplePolicy.ports } = { docker: true }) => {
      round += 1;
      await testbed.acl.reset();
      const found: string[] = [];
      const differs = await drift();
      if (differs.length > 0) found.push(`not enforced: ${differs.join('; ')}`);
      const verified = await json('verify', '--connections', '20');
      if (verified.code !== 0) found.push(`not verified: ${JSON.stringify(verified.document['checks'])}`);
      if (runs) {
        const container = await host.inContainer('service');
        const address = await docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'service');
        const server = await startChild(container.enter(peerProgram([address], { stay: false })));
        const clients = seenText(await seenFrom(testbed.peer, [CLIENT + round], { to: HOST.ipv4, port: SERVICE }));
        await server.stop();
        if (clients.join() !== `${PEER.ipv4} ${CLIENT + round}`) found.push(`a client is seen as ${clients.join()}`);
        found.push(...(await seen(container, 'the container', ports)));
        if ((await host.run(['systemctl', 'is-active', AGENT])).code === 0)
          found.push(...(await unserved(container, ports)));
      }
      // Ports below the ephemeral ones were bound on purpose, so the host's own are asked of the kernel.
      const own = await seenFrom(testbed.host, { kernel: 40 });
      found.push(
        ...own
          .filter((one) => !one.seen || !hasPort(ports, one.seen.port))
          .map((one) => `the host is seen as ${seenText([one]).join()}`),
      );
      const { outOfRange } = await testbed.acl.counters();
      if (outOfRange > 0) found.push(`${outOfRange} packets left out of range`);
      return found;
    },
  };
}

/** Whatever of portfence is left on the host: files, units, links, rules, settings, processes. */
export async function traces({ host }: Pick<InstalledHost, 'host'>): Promise<readonly string[]> {
  const files = await host.expect([
    'find',
    '/etc',
    '/run',
    '/var',
    '-xdev',
    '-path',
    '*portfence*',
    '-not',
    '-type',
    'd',
  ]);
  const units = await host.expect(['systemctl', 'list-units', '--all', '--plain', '--no-legend', 'portfence*']);
  const rules = (await Promise.all(LISTS.map((argv) => host.expect(argv)))).join('\n');
  const range = await host.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range']);
  const processes = await host.run(['pgrep', '--full', '(bin|dist)/portfence']);
  return [
    ...lines(files),
    ...lines(units),
    ...lines(rules).filter((line) => /portfence/i.test(line)),
    ...(range === kernelRangeText(KERNEL_EPHEMERAL) ? [] : [range]),
    ...lines(processes.stdout),
  ];
}

/** Rules of either backend. */
const LISTS: readonly Argv[] = [['nft', 'list', 'tables'], ['iptables-save'], ['ip6tables-save']];

const lines = (text: string): readonly string[] => text.split('\n').filter(Boolean);

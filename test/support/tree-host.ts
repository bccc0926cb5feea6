import { expect } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { ALL_PORTS, hasPort } from '../../src/ports.ts';
import type { CommandResult } from '../../src/system/system.ts';
import { commandLine } from './command-line.ts';
import { seenFrom } from './fenced-testbed.ts';
import { echoServer } from './held-connections.ts';
import { samplePolicy } from './samples.ts';
import { toolsOf } from './tree-tools.ts';

/** Where a server of the peer answers. */
const SERVED = 7777;

/** A host of the lab with the tools of a Debian tree, and portfence on it. */
export interface TreeHost {
  readonly testbed: Testbed;
  host(...argv: [string, ...string[]]): Promise<string>;
  run(...args: string[]): Promise<CommandResult>;
  status(): Promise<Record<string, unknown>>;
  /** Whether connections from ports all over the range leave with allowed ones; `first` moves the ports. */
  inRange(first: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Makes it; `ports` are the flags that name the allowed ports. */
export async function treeHost(tree: string, ports: readonly string[]): Promise<TreeHost> {
  const tools = await toolsOf(tree);
  const { env } = tools;
  const testbed = await buildTestbed({ allowed: ALL_PORTS });
  const portfence = await commandLine(testbed.host);
  const server = await echoServer(testbed.peer, SERVED);
  return {
    testbed,
    host: (...argv) => testbed.host.expect(argv, { env }),
    run: (...args) => portfence.run(args, { env }),
    status: async () => JSON.parse((await portfence.run(['status', ...ports, '--json'], { env })).stdout),
    inRange: async (first) => {
      const seen = await seenFrom(testbed.host, spreadPorts(20, 32_800 + first, 60_000 + first));
      return seen.every((one) => one.seen !== undefined && hasPort(samplePolicy.ports, one.seen.port));
    },
    close: async () => {
      await server.close();
      await testbed.close();
      await portfence.close();
      await tools.close();
    },
  };
}

/** A connection that hangs is dropped by apply, an answered one is left. */
export async function expectHangingDropped({ host, run }: TreeHost, ports: readonly string[]): Promise<void> {
  const ends = ['-p', 'tcp', '-s', HOST.ipv4, '-d', PEER.ipv4, '--dport', '443', '-t', '60', '--sport'];
  await host('conntrack', '-I', ...ends, '40123', '--state', 'SYN_SENT');
  await host('conntrack', '-I', ...ends, '40124', '--state', 'ESTABLISHED', '-u', 'SEEN_REPLY');
  const applied = await run('apply', ...ports);
  expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('1 hanging connections will get')]);
  const flows = await host('conntrack', '-L');
  expect([flows.includes('sport=40123 '), flows.includes('sport=40124 ')]).toEqual([false, true]);
}

/** Verify says that everything leaves in range where a server listens, and names a leak without the fence. */
export async function expectVerified({ run }: TreeHost, ports: readonly string[]): Promise<void> {
  const verify = () => run('verify', ...ports, '--to', `${PEER.ipv4}:${SERVED}`, '--connections', '4');
  const fenced = await verify();
  expect([fenced.code, fenced.stdout], fenced.stderr).toEqual([0, expect.stringContaining('VERIFIED')]);
  expect((await run('remove', '--now')).code).toBe(0);
  const open = await verify();
  expect([open.code, open.stdout], open.stderr).toEqual([1, expect.stringMatching(/out of range/)]);
}

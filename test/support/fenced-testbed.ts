import { openConnections, type Probe, type ProbeResult } from '../../src/lab/connections.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed, type TestbedSpec } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { ALL_PORTS } from '../../src/ports.ts';
import { type Applied, apply } from '../../src/reconcile/apply.ts';
import type { System } from '../../src/system/system.ts';
import { asFlavour, type Flavour } from './backends.ts';
import { namespacedSystem } from './namespaced-system.ts';
import { samplePolicy } from './samples.ts';

const NFTABLES: Flavour = { name: 'nftables', backend: 'nftables' };

/** A lab testbed, the System of its host, and the fence on demand. */
export interface FencedTestbed {
  readonly testbed: Testbed;
  readonly system: System;
  readonly flavour: Flavour;
  fence(policy?: Partial<Policy>): Promise<Applied>;
  close(): Promise<void>;
}

/** Builds a testbed whose ACL allows the sample policy, unless the spec says otherwise. */
export async function fencedTestbed(
  spec: Partial<TestbedSpec> = {},
  flavour: Flavour = NFTABLES,
): Promise<FencedTestbed> {
  const testbed = await buildTestbed({ allowed: samplePolicy.ports, ...spec });
  const system = asFlavour(await namespacedSystem(testbed.host), flavour);
  return {
    testbed,
    system,
    flavour,
    fence: (policy = {}) =>
      apply(system, { policy: () => ({ ...samplePolicy, ...policy }), say: () => {}, backend: flavour.backend }),
    close: async () => {
      await testbed.close();
      await system.close();
    },
  };
}

/** An ACL that lets everything through, to see what the host does rather than what the network drops. */
export const OPEN_ACL: Partial<TestbedSpec> = { allowed: ALL_PORTS };

/** What a probe does; TCP over IPv4 to the peer unless given. */
export interface ProbeOptions {
  readonly protocol?: 'tcp' | 'udp';
  readonly family?: 'ipv4' | 'ipv6';
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
  readonly timeoutMs?: number;
}

/** How the peer sees one connection from each of these source ports; TCP over IPv4 unless the options say otherwise. */
export function seenFrom(
  namespace: Pick<Namespace, 'run'>,
  sourcePorts: Probe['sourcePorts'],
  { protocol = 'tcp', family = 'ipv4', from, to, port = ECHO_ADDRESS_PORT, timeoutMs = 3000 }: ProbeOptions = {},
): Promise<readonly ProbeResult[]> {
  const host = to ?? PEER[family];
  const probe = { protocol, to: { host, port }, sourcePorts, timeoutMs, ...(from ? { from } : {}) };
  return openConnections(namespace, [probe]);
}

/** `address port` of each answer, or why there was none. */
export const seenText = (results: readonly ProbeResult[]): readonly string[] =>
  results.map(({ outcome, seen, error }) => (seen ? `${seen.address} ${seen.port}` : (error ?? outcome)));

import type { Policy } from '../policy/policy.ts';
import { complement, intersect, type PortRange, portCount, portsText, union } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import type { Setting } from './plan.ts';

/** Below this many ports a host would soon lack ports for its own local connections (a database on loopback, say). */
export const HOST_RANGE_FLOOR = 1024;

const asKernelRange = ({ from, to }: PortRange): string => `${from}\t${to}`;

/**
 * The host's own `ip_local_port_range`, with `ip_local_reserved_ports` carving out the gaps between several ranges.
 * Ports that were reserved before stay reserved. The kernel keeps both for IPv4 and IPv6 together (ip-sysctl.rst).
 */
export function hostSettings(
  policy: Policy,
  facts: HostFacts,
): { settings: readonly Setting[]; notes: readonly string[] } {
  const first = policy.ports[0];
  const last = policy.ports.at(-1);
  if (policy.host === 'off' || policy.hostRange === 'never' || !first || !last) return { settings: [], notes: [] };
  const count = portCount(policy.ports);
  if (policy.hostRange === 'auto' && count < HOST_RANGE_FLOOR) {
    return {
      settings: [],
      notes: [
        `the host keeps its own ip_local_port_range: ${count} ports are too few for its local connections (hostRange: always overrides); its traffic is mapped on the way out instead`,
      ],
    };
  }
  if (first.from < facts.unprivilegedPortStart) {
    return {
      settings: [],
      notes: [
        `the host keeps its own ip_local_port_range: the kernel wants it above ip_unprivileged_port_start (${facts.unprivilegedPortStart})`,
      ],
    };
  }
  const span = { from: first.from, to: last.to };
  const gaps = intersect(complement(policy.ports), [span]);
  const settings: Setting[] = [];
  if (gaps.length > 0) {
    settings.push({
      key: 'net.ipv4.ip_local_reserved_ports',
      value: portsText(union(facts.reservedPorts, gaps)),
      before: portsText(facts.reservedPorts),
    });
  }
  settings.push({
    key: 'net.ipv4.ip_local_port_range',
    value: asKernelRange(span),
    before: asKernelRange(facts.localPortRange),
  });
  return { settings, notes: [] };
}

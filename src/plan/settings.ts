import type { Policy } from '../policy/policy.ts';
import {
  complement,
  intersect,
  type PortRange,
  type PortSet,
  portCount,
  portSet,
  portsText,
  rangeText,
  union,
} from '../ports.ts';
import type { HostFacts } from './facts.ts';
import { givenPorts, HOST_RANGE_FLOOR, KERNEL_EPHEMERAL, kernelRangeText } from './given-ports.ts';
import type { Setting } from './plan.ts';

/** Kubernetes' default NodePorts (kube-apiserver, --service-node-port-range). */
const NODE_PORTS: PortRange = { from: 30_000, to: 32_767 };

interface HostSettings {
  readonly settings: readonly Setting[];
  readonly notes: readonly string[];
}

/**
 * The host's own `ip_local_port_range`, with `ip_local_reserved_ports` carving out the gaps between several ranges and the
 * ports of servers. Ports that were reserved before stay reserved. The kernel keeps both for IPv4 and IPv6 together
 * (ip-sysctl.rst).
 */
export function hostSettings(policy: Policy, facts: HostFacts): HostSettings {
  if (policy.host === 'off' || policy.hostRange === 'never') return { settings: [], notes: [] };
  const given = givenPorts(policy.ports, ownRange(policy, facts));
  if (given.how === 'unchanged') {
    const own = rangeText(facts.localPortRange);
    return { settings: [], notes: [`the host keeps its own ip_local_port_range: ${own} is allowed as it is`] };
  }
  const count = portCount(policy.ports);
  if (policy.hostRange === 'auto' && given.how === 'all') {
    const why =
      count < HOST_RANGE_FLOOR
        ? `${count} ports are too few for its local connections`
        : 'nearly all allowed ports lie below 32768, where services listen';
    return keptRange(`${why} (hostRange: always overrides); its traffic is mapped on the way out instead`);
  }
  const [first, last] = [given.ports[0], given.ports.at(-1)];
  if (!first || !last) return { settings: [], notes: [] };
  if (first.from < facts.unprivilegedPortStart) {
    return keptRange(`the kernel wants it above ip_unprivileged_port_start (${facts.unprivilegedPortStart})`);
  }
  const span = { from: first.from, to: last.to };
  const before = kernelRangeText(facts.localPortRange);
  const range: Setting = { key: 'net.ipv4.ip_local_port_range', value: kernelRangeText(span), before };
  return { settings: [...reserved(facts, given.ports, span), range], notes: [] };
}

/** The range that the host had; where it has ours already, as after a boot with it, the kernel's default was before. */
function ownRange({ ports }: Policy, { localPortRange }: HostFacts): PortRange {
  const ours = givenPorts(ports, KERNEL_EPHEMERAL).ports;
  const isOurs = localPortRange.from === ours[0]?.from && localPortRange.to === ours.at(-1)?.to;
  return isOurs ? KERNEL_EPHEMERAL : localPortRange;
}

const keptRange = (why: string): HostSettings => ({
  settings: [],
  notes: [`the host keeps its own ip_local_port_range: ${why}`],
});

function reserved(facts: HostFacts, ports: PortSet, span: PortRange): readonly Setting[] {
  const gaps = intersect(complement(ports), [span]);
  const servers = intersect(serverPorts(facts), ports);
  if (gaps.length === 0 && servers.length === 0) return [];
  const minimum = union(facts.reservedPorts, gaps);
  return [
    {
      key: 'net.ipv4.ip_local_reserved_ports',
      value: portsText(union(minimum, servers)),
      before: portsText(facts.reservedPorts),
      minimum: portsText(minimum),
    },
  ];
}

/** Ports that somebody may connect to: those of listening TCP sockets, published ones, and NodePorts under Kubernetes. */
function serverPorts({ boundPorts, publishedHostPorts, standingNat }: HostFacts): PortSet {
  const bound = boundPorts.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port);
  const single = [...bound, ...publishedHostPorts].map((port) => ({ from: port, to: port }));
  const chains = [...standingNat.ipv4, ...standingNat.ipv6];
  const kubernetes = chains.some(
    ({ table, chains: all }) => /kube-proxy/.test(table) || [...all.keys()].some((name) => name.startsWith('KUBE-')),
  );
  return portSet(...single, ...(kubernetes ? [NODE_PORTS] : []));
}

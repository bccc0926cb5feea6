import { HIGHEST_PORT, intersect, type PortRange, type PortSet, portCount, rangeText } from '../ports.ts';

/** A server refuses a reused port while its last connection is in TIME_WAIT there: 120 s with conntrack and most systems. */
const TIME_WAIT_SECONDS = 120;
/** Ports that anybody may use without privileges begin here. */
const LOWEST_UNPRIVILEGED = 1024;
const FEW_PORTS = 1024;
/** A range this large above the ports of services is taken before any below. */
const ENOUGH_PORTS = 4096;
/** What Linux hands out by itself (ip-sysctl.rst, ip_local_port_range). */
export const LINUX_RANGE: PortRange = { from: 32_768, to: 60_999 };
const HIGH: PortRange = { from: LINUX_RANGE.from, to: HIGHEST_PORT };
const OPEN: PortRange = { from: LOWEST_UNPRIVILEGED, to: HIGHEST_PORT };

/** A range that could be taken, and what for and against it. */
export interface RangeOption {
  readonly range: PortRange;
  readonly why: string;
  /** What it would make ephemeral that services use: `NodePorts 30000-32767`. */
  readonly costs: readonly string[];
}

export interface Recommended extends RangeOption {
  readonly ports: number;
  /** How many connections to one destination (address, port, protocol) can be open at once, from one source address. */
  readonly connectionsPerDestination: number;
  /** How many new ones a second such a destination can be sent for long, rounded down to one decimal. */
  readonly newPerSecond: number;
  readonly warning: string | undefined;
  /** Other ranges that pass, and were not taken. */
  readonly others: readonly RangeOption[];
}

export interface Preference {
  /** A range that a person asks for. */
  readonly prefer?: PortRange | undefined;
  /** What this host, or its fence, uses now. */
  readonly used?: PortRange | undefined;
}

/**
 * One range without a hole, from port 1024 up: the preferred one; else what is used already; else what Linux hosts use; else the largest
 * above 32767 that has 4,096 ports; else the largest. Undefined where no such port is safe.
 */
export function recommend(safe: PortSet, { prefer, used }: Preference = {}): Recommended | undefined {
  const open = intersect(safe, [OPEN]);
  const passes = (range: PortRange | undefined): range is PortRange =>
    range !== undefined && open.some(({ from, to }) => from <= range.from && range.to <= to);
  const high = largest(intersect(safe, [HIGH]));
  const whole = largest(open);
  const choices = [
    passes(prefer) ? choice(prefer, 'it is the preferred one') : undefined,
    passes(used) && portCount([used]) >= ENOUGH_PORTS ? choice(used, 'it is what is used already') : undefined,
    passes(LINUX_RANGE) ? choice(LINUX_RANGE, 'Linux hosts use it already') : undefined,
    high && portCount([high]) >= ENOUGH_PORTS
      ? choice(high, `the largest that passes above ${LINUX_RANGE.from - 1}, where few services listen`)
      : undefined,
    whole && choice(whole, 'the largest that passes'),
  ].filter((one) => one !== undefined);
  const different = choices.filter((one, i) => choices.findIndex((other) => isSame(other.range, one.range)) === i);
  const [taken, ...others] = different;
  return taken && { ...taken, ...capacityOf(taken.range), others };
}

const MOST_OFFERED = 8;

/**
 * The ports to offer in the place of these: as many of them as pass, in a few ranges, where that is most of them; else the recommended
 * range.
 */
export function offeredFor(used: PortSet, safe: PortSet): PortSet {
  const kept = intersect(intersect(used, safe), [OPEN]);
  if (kept.length <= MOST_OFFERED && portCount(kept) >= Math.max(FEW_PORTS, portCount(used) / 2)) return kept;
  const recommended = recommend(safe);
  return recommended ? [recommended.range] : [];
}

const isSame = (a: PortRange, b: PortRange): boolean => a.from === b.from && a.to === b.to;
const largest = (set: PortSet): PortRange | undefined => [...set].sort((a, b) => portCount([b]) - portCount([a]))[0];
const choice = (range: PortRange, why: string): RangeOption => ({ range, why, costs: costsOf(range) });

function capacityOf(range: PortRange): Omit<Recommended, keyof RangeOption | 'others'> {
  const ports = portCount([range]);
  return {
    ports,
    connectionsPerDestination: ports,
    newPerSecond: Math.floor((ports * 10) / TIME_WAIT_SECONDS) / 10,
    warning:
      ports < FEW_PORTS
        ? `only ${ports.toLocaleString('en')} ports: fewer than ${FEW_PORTS.toLocaleString('en')} run out soon`
        : undefined,
  };
}

/** Ports that services are known to listen on (IANA, "Service Name and Transport Protocol Port Number Registry"; Kubernetes, "Ports and Protocols"). */
const SERVICES: readonly (readonly [port: number, name: string])[] = [
  [1433, 'SQL Server'],
  [1521, 'Oracle'],
  [2049, 'NFS'],
  [2379, 'etcd'],
  [3306, 'MySQL'],
  [3389, 'RDP'],
  [5432, 'PostgreSQL'],
  [5672, 'AMQP'],
  [6379, 'Redis'],
  [6443, 'Kubernetes API'],
  [8080, 'HTTP'],
  [8443, 'HTTPS'],
  [9092, 'Kafka'],
  [9100, 'node exporter'],
  [9200, 'Elasticsearch'],
  [10_250, 'kubelet'],
  [11_211, 'memcached'],
  [27_017, 'MongoDB'],
];
const NODE_PORTS: PortRange = { from: 30_000, to: 32_767 };
const MOST_NAMED = 5;

/** What a range would make ephemeral: a service that starts later may find its port taken. */
export function costsOf(range: PortRange): readonly string[] {
  const hit = SERVICES.filter(([port]) => range.from <= port && port <= range.to);
  const names = hit.slice(0, MOST_NAMED).map(([port, name]) => `${port} ${name}`);
  const more = hit.length > MOST_NAMED ? ` and ${hit.length - MOST_NAMED} more` : '';
  const nodes = intersect([range], [NODE_PORTS]).map(rangeText);
  return [
    ...(hit.length > 0 ? [`ports of services: ${names.join(', ')}${more}`] : []),
    ...nodes.map((text) => `NodePorts of Kubernetes: ${text}`),
  ];
}

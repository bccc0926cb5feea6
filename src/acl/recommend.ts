import { HIGHEST_PORT, intersect, type PortRange, type PortSet, portCount } from '../ports.ts';

/** A server refuses a reused port while its last connection is in TIME_WAIT there: 120 s with conntrack and most systems. */
const TIME_WAIT_SECONDS = 120;
/** Ports that anybody may use without privileges begin here. */
const LOWEST_UNPRIVILEGED = 1024;
const FEW_PORTS = 1024;

export interface Recommended {
  readonly range: PortRange;
  readonly ports: number;
  /** How many connections to one destination (address, port, protocol) can be open at once, from one source address. */
  readonly connectionsPerDestination: number;
  /** How many new ones a second such a destination can be sent for long, rounded down to one decimal. */
  readonly newPerSecond: number;
  readonly warning: string | undefined;
}

/**
 * The largest contiguous range from port 1024 up; one that holds what is used already goes before a larger one. Undefined
 * where no such port is safe.
 */
export function recommend(safe: PortSet, used?: PortRange): Recommended | undefined {
  const open = intersect(safe, [{ from: LOWEST_UNPRIVILEGED, to: HIGHEST_PORT }]);
  const holding = used && open.find(({ from, to }) => from <= used.from && used.to <= to);
  const range = holding ?? [...open].sort((a, b) => portCount([b]) - portCount([a]))[0];
  if (!range) return undefined;
  const ports = portCount([range]);
  return {
    range,
    ports,
    connectionsPerDestination: ports,
    newPerSecond: Math.floor((ports * 10) / TIME_WAIT_SECONDS) / 10,
    warning:
      ports < FEW_PORTS
        ? `only ${ports.toLocaleString('en')} ports: fewer than ${FEW_PORTS.toLocaleString('en')} run out soon`
        : undefined,
  };
}

import type { Policy } from '../policy/policy.ts';
import { intersect, type PortRange, type PortSet, portCount, portSet, subtract } from '../ports.ts';

/** What the kernel hands out by itself unless told otherwise (`ip_local_port_range`, inet_init_net in af_inet.c). */
export const KERNEL_EPHEMERAL: PortRange = { from: 32_768, to: 60_999 };

/** A range as `ip_local_port_range` is read and written. */
export const kernelRangeText = ({ from, to }: PortRange): string => `${from}\t${to}`;

/** Below this many ports a host would soon lack ports for its own local connections (a database on loopback, say). */
export const HOST_RANGE_FLOOR = 1024;

/** Service ports lie below it: what programs are given never reaches further down while enough ports are left above. */
const ABOVE_SERVICES: PortSet = [{ from: KERNEL_EPHEMERAL.from, to: 65_535 }];

/**
 * What the kernel is to hand out of the policy's ports. `unchanged`: all that it hands out already (`own`) is allowed.
 * `above`: the part above the service ports, where that is 1,024 ports or more. `all`: there is no such part.
 */
export function givenPorts(
  ports: PortSet,
  own: PortRange,
): { readonly how: 'unchanged' | 'above' | 'all'; readonly ports: PortSet } {
  if (subtract(portSet(own), ports).length === 0) return { how: 'unchanged', ports: portSet(own) };
  const above = intersect(ports, ABOVE_SERVICES);
  return portCount(above) >= HOST_RANGE_FLOOR ? { how: 'above', ports: above } : { how: 'all', ports };
}

/** The ports that a container's kernel is to hand out; undefined where its own range is allowed as it is. */
export function containerPorts({ ports }: Policy): PortSet | undefined {
  const given = givenPorts(ports, KERNEL_EPHEMERAL);
  return given.how === 'unchanged' ? undefined : given.ports;
}

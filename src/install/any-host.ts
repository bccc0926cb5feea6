import { NO_NAT } from '../nat/model.ts';
import type { HostFacts } from '../plan/facts.ts';
import { KERNEL_EPHEMERAL } from '../plan/given-ports.ts';

/** A host of which nothing is known but that Linux runs on it. */
export const ANY_HOST: HostFacts = {
  links: [],
  defaultRouteDevices: [],
  lastUplinks: [],
  localPortRange: KERNEL_EPHEMERAL,
  reservedPorts: [],
  unprivilegedPortStart: 1024,
  networks: [],
  published: [],
  engineNat: [],
  standingNat: NO_NAT,
  gatewayDevices: [],
  podDevices: [],
  boundPorts: [],
  publishedHostPorts: [],
};

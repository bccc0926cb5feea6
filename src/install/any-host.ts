import type { HostFacts } from '../plan/facts.ts';

/** A host of which nothing is known but that Linux runs on it. */
export const ANY_HOST: HostFacts = {
  links: [],
  defaultRouteDevices: [],
  lastUplinks: [],
  localPortRange: { from: 32_768, to: 60_999 },
  reservedPorts: [],
  unprivilegedPortStart: 1024,
  networks: [],
  published: [],
  engineNat: [],
};

import { ANY_HOST } from '../../src/install/any-host.ts';
import type { HostFacts } from '../../src/plan/facts.ts';
import type { Policy } from '../../src/policy/policy.ts';

/** The policy of the README, every default filled in. */
export const samplePolicy: Policy = {
  version: 1,
  ports: [{ from: 49_152, to: 61_000 }],
  protocols: ['tcp', 'udp'],
  families: ['ipv4', 'ipv6'],
  uplinks: 'auto',
  exempt: { destinations: [], sourcePorts: [] },
  host: 'ephemeral',
  hostRange: 'auto',
  containers: { native: true, timestamps: 'shared', interfaces: 'auto', routed: 'auto' },
  forwarded: 'leave',
  guard: 'count',
};

/** A plain host with one uplink and nothing else, as the kernel starts it. */
export const sampleFacts: HostFacts = {
  ...ANY_HOST,
  links: [
    { name: 'lo', kind: undefined, master: undefined, addresses: ['127.0.0.1/8', '::1/128'] },
    { name: 'eth0', kind: undefined, master: undefined, addresses: ['10.0.1.10/24', 'fd00:1::10/64'] },
  ],
  defaultRouteDevices: ['eth0'],
};

import type { Cidr } from '../addresses.ts';
import type { Family, PortSet, Protocol } from '../ports.ts';

export type HostMode = 'ephemeral' | 'all' | 'off';
export type ForwardedMode = 'leave' | 'keep-address' | 'masquerade';
export type GuardMode = 'count' | 'drop' | 'off';

/** What the administrator wants, checked and with every default filled in. Ports are inclusive. */
export interface Policy {
  readonly version: 1;
  /** The allowed source ports; never empty, from 1024 up. */
  readonly ports: PortSet;
  readonly protocols: readonly Protocol[];
  readonly families: readonly Family[];
  /** `auto`: the interfaces that carry a default route; else names, or globs that end in `*`. */
  readonly uplinks: 'auto' | readonly string[];
  readonly exempt: { readonly destinations: readonly Cidr[]; readonly sourcePorts: PortSet };
  readonly host: HostMode;
  /** Whether the host's own `ip_local_port_range` is set: `auto` where the policy holds 1,024 ports or more. */
  readonly hostRange: 'auto' | 'always' | 'never';
  readonly containers: {
    readonly native: boolean;
    readonly timestamps: 'shared' | 'random';
    readonly interfaces: 'auto' | readonly string[];
    readonly routed: 'auto' | readonly Cidr[];
  };
  readonly forwarded: ForwardedMode;
  readonly guard: GuardMode;
}

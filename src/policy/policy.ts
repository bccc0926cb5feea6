import type { Cidr } from '../addresses.ts';
import type { Family, PortSet, Protocol } from '../ports.ts';

/** Which of the host's own sockets are fenced; docs/policy.md says what each word means. */
export type HostMode = 'ephemeral' | 'all' | 'off';
/** What happens to forwarded packets of others that leave with their own address. */
export type ForwardedMode = 'leave' | 'keep-address' | 'masquerade';
/** What happens to new connections that would still leave out of range. */
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
  /** Where the agent serves besides its socket: `127.0.0.1:9469`, `[::1]:9469`. */
  readonly listen?: string;
}

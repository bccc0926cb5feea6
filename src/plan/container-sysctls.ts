import type { Policy } from '../policy/policy.ts';
import { complement, intersect, portsText } from '../ports.ts';
import { containerPorts, KERNEL_EPHEMERAL, kernelRangeText } from './given-ports.ts';

/** The settings of a network namespace that a container is given, by the names that the code has for them. */
export const SETTINGS = {
  range: 'net.ipv4.ip_local_port_range',
  reserved: 'net.ipv4.ip_local_reserved_ports',
  timestamps: 'net.ipv4.tcp_timestamps',
} as const;
export type SettingName = keyof typeof SETTINGS;
export const SETTING_NAMES = ['range', 'reserved', 'timestamps'] as const satisfies readonly SettingName[];

/** A value for each, as the kernel writes it. */
export type Values = Readonly<Record<SettingName, string>>;

/** What every new network namespace starts with (inet_init_net in af_inet.c, tcp_sk_init in tcp_ipv4.c). */
export const KERNEL_DEFAULTS: Values = { range: kernelRangeText(KERNEL_EPHEMERAL), reserved: '', timestamps: '1' };

/** What containers are to have under this policy; undefined where it leaves them to the kernel. */
export function valuesOf(policy: Policy): Values | undefined {
  if (!policy.containers.native) return undefined;
  const ports = containerPorts(policy);
  const [first, last] = [ports?.[0], ports?.at(-1)];
  const span = first && last && { from: first.from, to: last.to };
  return {
    range: span ? kernelRangeText(span) : KERNEL_DEFAULTS.range,
    reserved: ports && span ? portsText(intersect(complement(ports), [span])) : KERNEL_DEFAULTS.reserved,
    timestamps: policy.containers.timestamps === 'shared' ? '2' : KERNEL_DEFAULTS.timestamps,
  };
}

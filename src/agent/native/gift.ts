import type { Policy } from '../../policy/policy.ts';
import { complement, intersect, portsText } from '../../ports.ts';

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
export const KERNEL_DEFAULTS: Values = { range: '32768\t60999', reserved: '', timestamps: '1' };

/** What a namespace is to have, and which present values may be replaced: the kernel's defaults and our own. */
export interface Gift extends Values {
  readonly replaceable: Readonly<Record<SettingName, readonly string[]>>;
}

/** What containers are to have under this policy; undefined where it leaves them to the kernel. */
export function valuesOf(policy: Policy): Values | undefined {
  const first = policy.ports[0];
  const last = policy.ports.at(-1);
  if (!policy.containers.native || !first || !last) return undefined;
  const span = { from: first.from, to: last.to };
  return {
    range: `${span.from}\t${span.to}`,
    reserved: portsText(intersect(complement(policy.ports), [span])),
    timestamps: policy.containers.timestamps === 'shared' ? '2' : KERNEL_DEFAULTS.timestamps,
  };
}

/**
 * The gift of these values to one container; `ours` are all values that we ever gave. What somebody chose for the container
 * takes the place of ours, and comes back where we have overridden it: also a choice that equals the kernel's default.
 */
export function giftOf(values: Values, ours: readonly Values[], chosen: Partial<Values> = {}): Gift {
  const replaceable = (name: SettingName): readonly string[] => {
    const given = ours.map((one) => one[name]).filter((value) => value !== KERNEL_DEFAULTS[name]);
    return [...new Set(chosen[name] === undefined ? [KERNEL_DEFAULTS[name], ...given] : given)];
  };
  return {
    ...values,
    ...chosen,
    replaceable: {
      range: replaceable('range'),
      reserved: replaceable('reserved'),
      timestamps: replaceable('timestamps'),
    },
  };
}

/** Those of the settings that somebody chose, as the kernel writes them; what the kernel would refuse was never set. */
export function chosenAmong(settings: Readonly<Record<string, string>>): Partial<Values> {
  const found = SETTING_NAMES.flatMap((name) => {
    const value = settings[SETTINGS[name]];
    return value === undefined || !/^[\d ,-]*$/.test(value)
      ? []
      : [[name, name === 'range' ? value.replace(' ', '\t') : value] as const];
  });
  return Object.fromEntries(found);
}

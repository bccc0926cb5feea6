import type { Policy } from '../../policy/policy.ts';
import { complement, intersect, portsText } from '../../ports.ts';
import type { Gift } from './resident.ts';

/** What every new network namespace starts with (inet_init_net in af_inet.c, tcp_sk_init in tcp_ipv4.c). */
export const KERNEL_DEFAULTS = { range: '32768\t60999', reserved: '', timestamps: '1' } as const;

/**
 * What a container's namespace is to have under this policy; `earlier` are values that we gave under other policies.
 * Undefined where the policy leaves containers to the kernel.
 */
export function giftOf(policy: Policy, earlier: readonly Gift[]): Gift | undefined {
  const first = policy.ports[0];
  const last = policy.ports.at(-1);
  if (!policy.containers.native || !first || !last) return undefined;
  const span = { from: first.from, to: last.to };
  return {
    range: `${span.from}\t${span.to}`,
    reserved: portsText(intersect(complement(policy.ports), [span])),
    timestamps: policy.containers.timestamps === 'shared' ? '2' : '',
    replaceable: replaceable(earlier),
  };
}

/** What takes every value of ours back to the kernel's default. */
export function takeBack(earlier: readonly Gift[]): Gift {
  return { ...KERNEL_DEFAULTS, replaceable: replaceable(earlier) };
}

function replaceable(earlier: readonly Gift[]): Gift['replaceable'] {
  const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];
  return {
    ranges: distinct([KERNEL_DEFAULTS.range, ...earlier.map(({ range }) => range)]),
    reserved: distinct([KERNEL_DEFAULTS.reserved, ...earlier.map(({ reserved }) => reserved)]),
    timestamps: distinct([KERNEL_DEFAULTS.timestamps, ...earlier.flatMap(({ timestamps }) => timestamps || [])]),
  };
}

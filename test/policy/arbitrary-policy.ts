import fc from 'fast-check';
import type { Policy } from '../../src/policy/policy.ts';
import { FAMILIES, type PortSet, PROTOCOLS, portSet } from '../../src/ports.ts';

const ports = (min: number, minLength: number): fc.Arbitrary<PortSet> =>
  fc
    .array(fc.tuple(fc.integer({ min, max: 65_535 }), fc.integer({ min, max: 65_535 })), { minLength, maxLength: 5 })
    .map((pairs) => portSet(...pairs.map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))));

const address4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((octets) => `${octets.join('.')}/32`);
const block = fc.oneof(
  address4,
  fc.nat(255).map((n) => `${n}.0.0.0/8`),
  fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:db8:${n.toString(16)}::/48`),
  fc.constantFrom('0.0.0.0/0', '::/0', '::1/128', 'fd00::/8'),
);
const blocks = fc.uniqueArray(block, { maxLength: 4 });
const name = fc
  .oneof(
    fc.stringMatching(/^[a-zA-Z0-9_.@+=|&!%<>~`'()^-]{2,14}$/),
    fc.constantFrom('null', 'true', '1e3', '0x10', '123', '~', '-', 'y'),
  )
  .filter((text) => !['lo', 'auto', '.', '..'].includes(text));
const names = (prefix: string) =>
  fc.uniqueArray(
    fc.tuple(name, fc.boolean()).map(([text, glob]) => `${prefix}${text}`.slice(0, 14) + (glob ? '*' : '')),
    { minLength: 1, maxLength: 3 },
  );
const orAuto = <T>(list: fc.Arbitrary<T>) => fc.oneof(fc.constant('auto' as const), list);

/** Any policy that can be written: names that look like numbers or YAML signs included. */
export const arbitraryPolicy: fc.Arbitrary<Policy> = fc.record({
  version: fc.constant(1 as const),
  ports: ports(1024, 1),
  protocols: fc.subarray([...PROTOCOLS], { minLength: 1 }),
  families: fc.subarray([...FAMILIES], { minLength: 1 }),
  uplinks: orAuto(names('')),
  exempt: fc.record({ destinations: blocks, sourcePorts: ports(1, 0) }),
  host: fc.constantFrom('ephemeral', 'all', 'off'),
  hostRange: fc.constantFrom('auto', 'always', 'never'),
  containers: fc.record({
    native: fc.boolean(),
    timestamps: fc.constantFrom('shared', 'random'),
    interfaces: orAuto(names('br-')),
    routed: orAuto(blocks),
  }),
  forwarded: fc.constantFrom('leave', 'keep-address', 'masquerade'),
  guard: fc.constantFrom('count', 'drop', 'off'),
});

import { expect, test } from 'vitest';
import { type PolicyFlags, PolicyRejected, parsePolicy } from '../../src/policy/parse.ts';

const DEFAULTS = {
  version: 1,
  ports: [{ from: 49152, to: 61000 }],
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

test('ports alone make a policy, from a file and from flags', () => {
  const made = { policy: DEFAULTS, warnings: [] };
  expect(parsePolicy({ text: 'ports: 49152-61000' })).toEqual(made);
  expect(parsePolicy({ flags: { ports: '49152-61000' } })).toEqual(made);
});

test('a mapping that names one key keeps the defaults of the others', () => {
  const { policy } = parsePolicy({
    text: 'ports: 49152-61000\ncontainers: { native: false }\nexempt: { sourcePorts: [123] }',
  });
  expect(policy.containers).toEqual({ ...DEFAULTS.containers, native: false });
  expect(policy.exempt).toEqual({ destinations: [], sourcePorts: [{ from: 123, to: 123 }] });
});

test('each flag replaces its key of the file and leaves the others', () => {
  const flags: Required<PolicyFlags> = {
    ports: '50000-51000,52000',
    uplink: ['eth0', 'ens*,wg0'],
    protocols: 'udp,tcp',
    families: 'ipv6',
    host: 'all',
    guard: 'drop',
    exempt: ['10.0.0.0/8', '2001:DB8::'],
    exemptPorts: '123,500',
    forwarded: 'masquerade',
    hostRange: 'never',
  };
  const text = 'ports: 1\nexempt: { destinations: [x] }\nguard: x\ncontainers: { timestamps: random }\n';
  expect(parsePolicy({ text, flags }).policy).toEqual({
    version: 1,
    ports: [
      { from: 50000, to: 51000 },
      { from: 52000, to: 52000 },
    ],
    protocols: ['tcp', 'udp'],
    families: ['ipv6'],
    uplinks: ['eth0', 'ens*', 'wg0'],
    exempt: {
      destinations: ['10.0.0.0/8', '2001:db8::/128'],
      sourcePorts: [
        { from: 123, to: 123 },
        { from: 500, to: 500 },
      ],
    },
    host: 'all',
    hostRange: 'never',
    containers: { ...DEFAULTS.containers, timestamps: 'random' },
    forwarded: 'masquerade',
    guard: 'drop',
  });
});

test('adjacent ranges become one, whatever their order', () => {
  expect(parsePolicy({ text: 'ports: [50001-50100, 49152-50000]' }).policy.ports).toEqual([{ from: 49152, to: 50100 }]);
});

test('a rejection is a wrong policy (exit 2) that holds its problems as data', () => {
  const read = () => parsePolicy({ file: 'p.yaml', text: 'host: off\nports: 61000-49152\n' });
  expect(read).toThrow(PolicyRejected);
  expect(read).toThrow(
    expect.objectContaining({
      code: 'POLICY',
      exitCode: 2,
      problems: [
        {
          file: 'p.yaml',
          line: 2,
          column: 8,
          path: 'ports',
          message: '61000-49152 runs backwards',
          remedy: 'write 49152-61000',
        },
      ],
    }),
  );
});

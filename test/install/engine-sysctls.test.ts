import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ENGINES, engineSysctls } from '../../src/install/engine-sysctls.ts';
import { samplePolicy } from '../support/samples.ts';

const SYSCTLS = { 'net.ipv4.ip_local_port_range': '49152 61000', 'net.ipv4.tcp_timestamps': '2' };
const GAPS = [
  { from: 40_000, to: 41_999 },
  { from: 50_000, to: 50_999 },
];

test.each(ENGINES)('%s is told the range and the timestamps of the policy', (engine) => {
  const made = engineSysctls(samplePolicy, engine);
  expect(made?.sysctls).toEqual(SYSCTLS);
  for (const value of Object.values(SYSCTLS)) expect(made?.text).toContain(value);
});

test('several ranges come with the gaps between them', () => {
  const made = engineSysctls({ ...samplePolicy, ports: GAPS }, 'cni');
  expect(JSON.parse(made?.text ?? '')).toEqual({
    type: 'tuning',
    sysctl: {
      'net.ipv4.ip_local_port_range': '40000 50999',
      'net.ipv4.ip_local_reserved_ports': '42000-49999',
      'net.ipv4.tcp_timestamps': '2',
    },
  });
});

test('the kubelet gets a configuration that is one', () => {
  expect(parse(engineSysctls(samplePolicy, 'kubelet')?.text ?? '')).toEqual({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    featureGates: { DefaultPodSysctls: true },
    defaultPodSysctls: SYSCTLS,
  });
});

test('nothing is to be set where containers keep what they have', () => {
  const { containers } = samplePolicy;
  const off = { ...samplePolicy, containers: { ...containers, native: false } };
  const wide = {
    ...samplePolicy,
    ports: [{ from: 1024, to: 65_535 }],
    containers: { ...containers, timestamps: 'random' as const },
  };
  for (const policy of [off, wide]) expect(engineSysctls(policy, 'podman')).toBeUndefined();
});

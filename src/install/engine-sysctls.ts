import { KERNEL_DEFAULTS, SETTING_NAMES, SETTINGS, valuesOf } from '../plan/container-sysctls.ts';
import type { Policy } from '../policy/policy.ts';

/** The engines that can give containers settings themselves. */
export const ENGINES = ['kubelet', 'crio', 'podman', 'cni', 'docker'] as const;
export type EngineName = (typeof ENGINES)[number];

/** An engine's own configuration. */
export interface EngineSysctls {
  readonly engine: EngineName;
  /** Where it goes. */
  readonly file: string;
  /** Names and values, without those that the kernel has anyway. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly text: string;
}

type Sysctls = EngineSysctls['sysctls'];

const asList = (sysctls: Sysctls): string =>
  Object.entries(sysctls)
    .map(([key, value]) => `  "${key}=${value}",\n`)
    .join('');
const asMap = (sysctls: Sysctls, indent: string): string =>
  Object.entries(sysctls)
    .map(([key, value]) => `${indent}${key}: "${value}"\n`)
    .join('');

const FORMS: Readonly<Record<EngineName, { readonly file: string; readonly render: (sysctls: Sysctls) => string }>> = {
  kubelet: {
    file: 'the KubeletConfiguration (/var/lib/kubelet/config.yaml)',
    render: (sysctls) =>
      `# Kubernetes 1.37 and newer (KEP-5996, alpha); an older kubelet does not start with it.
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
featureGates:
  DefaultPodSysctls: true
defaultPodSysctls:
${asMap(sysctls, '  ')}`,
  },
  crio: {
    file: '/etc/crio/crio.conf.d/50-portfence.conf',
    render: (sysctls) => `[crio.runtime]\ndefault_sysctls = [\n${asList(sysctls)}]\n`,
  },
  podman: {
    file: '/etc/containers/containers.conf.d/50-portfence.conf',
    render: (sysctls) => `[containers]\ndefault_sysctls = [\n${asList(sysctls)}]\n`,
  },
  cni: {
    file: 'the list `plugins` of the network (/etc/cni/net.d/*.conflist), behind the plugin that makes the interface',
    render: (sysctls) => `${JSON.stringify({ type: 'tuning', sysctl: sysctls }, null, 2)}\n`,
  },
  docker: {
    file: 'each service of a compose file',
    render: (sysctls) =>
      `# Docker has no setting for all containers (moby#33649), and none for builds: the agent gives them theirs.
sysctls:
${asMap(sysctls, '  ')}`,
  },
};

/** What the engine is to be told, so that containers have the policy's range without an agent; undefined where they need nothing. */
export function engineSysctls(policy: Policy, engine: EngineName): EngineSysctls | undefined {
  const values = valuesOf(policy);
  const differing = SETTING_NAMES.filter((name) => values && values[name] !== KERNEL_DEFAULTS[name]);
  if (!values || differing.length === 0) return undefined;
  const sysctls = Object.fromEntries(differing.map((name) => [SETTINGS[name], values[name].replace('\t', ' ')]));
  const { file, render } = FORMS[engine];
  return { engine, file, sysctls, text: render(sysctls) };
}

import type { Fleet, Manifest } from './manifest.ts';

/** Pods on the node's network with folders of the node are what the Pod Security level `privileged` allows alone. */
export const POD_SECURITY = {
  'pod-security.kubernetes.io/enforce': 'privileged',
  'pod-security.kubernetes.io/audit': 'privileged',
  'pod-security.kubernetes.io/warn': 'privileged',
} as const;

export function namespaceManifest({ namespace }: Fleet): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: POD_SECURITY } };
}

import { AGENT_CAPABILITIES, imageOf, nodeContainer, nodePod } from './container.ts';
import { type Fleet, type Manifest, metadataOf, selectorOf } from './manifest.ts';

/** The command that waits until a DaemonSet is ready on every node. */
export const AWAIT_COMMAND = 'await-daemonset';

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

/** Takes the fence away on every node; a pod of it is ready when nothing is left on its node. */
export function cleanupDaemonSet(fleet: Fleet): Manifest {
  const { values } = fleet;
  const selector = selectorOf(fleet, 'cleanup');
  const args = ['remove', values.cleanup.now ? '--now' : '--wait'];
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadataOf(fleet, 'cleanup', '-cleanup'),
    spec: {
      selector: { matchLabels: selector },
      // All nodes at once, also those that are cordoned or full.
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
      template: {
        metadata: { labels: { ...values.podLabels, ...selector } },
        spec: {
          ...nodePod(fleet, 'run'),
          tolerations: [{ operator: 'Exists' }],
          terminationGracePeriodSeconds: 1,
          initContainers: [
            nodeContainer(fleet, { name: 'remove', args, kind: 'run', capabilities: AGENT_CAPABILITIES }),
          ],
          containers: [idleContainer(fleet)],
        },
      },
    },
  };
}

/** Has nothing to do and nothing to do it with: the pod is ready while it runs. */
function idleContainer(fleet: Fleet): unknown {
  const { image, resources } = fleet.values;
  return {
    name: 'done',
    image: imageOf(fleet),
    imagePullPolicy: image.pullPolicy,
    command: ['/bin/sleep'],
    args: ['infinity'],
    resources,
    securityContext: RESTRICTED,
  };
}

/** What waits for the clean-up: a Job, and the right to look at that one DaemonSet and nothing else. */
export function cleanupWaiting(fleet: Fleet): readonly Manifest[] {
  const { values, namespace } = fleet;
  const metadata = metadataOf(fleet, 'cleanup', '-cleanup');
  const selector = selectorOf(fleet, 'cleanup');
  const group = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: [metadata.name], verbs: ['get'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: metadata.name, namespace }],
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: metadataOf(fleet, 'cleanup', '-cleanup-wait'),
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: values.cleanup.timeoutSeconds + 60,
        template: {
          metadata: { labels: { ...values.podLabels, ...selector, 'app.kubernetes.io/component': 'cleanup-wait' } },
          spec: {
            restartPolicy: 'Never',
            serviceAccountName: metadata.name,
            automountServiceAccountToken: true,
            enableServiceLinks: false,
            ...(values.image.pullSecrets.length === 0 ? {} : { imagePullSecrets: values.image.pullSecrets }),
            nodeSelector: values.nodeSelector,
            tolerations: values.tolerations,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65534,
              runAsGroup: 65534,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name: 'wait',
                image: imageOf(fleet),
                imagePullPolicy: values.image.pullPolicy,
                command: ['/usr/bin/portfence'],
                args: [AWAIT_COMMAND, metadata.name, '--timeout', String(values.cleanup.timeoutSeconds)],
                resources: values.resources,
                securityContext: RESTRICTED,
              },
            ],
          },
        },
      },
    },
  ];
}

import { AGENT_CAPABILITIES, nodeContainer, nodePod } from './container.ts';
import { type Fleet, type Manifest, metadataOf, selectorOf } from './manifest.ts';

export const POLICY_FOLDER = '/etc/portfence';

/** The policy as a volume: the kubelet swaps its link when the ConfigMap changes, and the agent follows. */
export const policyVolume = ({ name }: Fleet): unknown => ({ name: 'policy', configMap: { name: `${name}-policy` } });
export const POLICY_MOUNT = { name: 'policy', mountPath: POLICY_FOLDER, readOnly: true };

/** The agent asks the runtime's socket for the pods. A process that may write to the socket is root of the node, as the agent is. */
function runtimeParts({ values: { runtimeSocket } }: Fleet) {
  if (runtimeSocket === '') return { env: [], mounts: [], volumes: [] };
  return {
    env: [{ name: 'CONTAINER_RUNTIME_ENDPOINT', value: `unix://${runtimeSocket}` }],
    mounts: [{ name: 'runtime', mountPath: runtimeSocket }],
    volumes: [{ name: 'runtime', hostPath: { path: runtimeSocket, type: 'Socket' } }],
  };
}

/** What fences each node, in the order in which it is made. The namespace is not among them. */
export function agentManifests(fleet: Fleet): readonly Manifest[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: metadataOf(fleet, 'agent'),
      automountServiceAccountToken: false,
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadataOf(fleet, 'agent', '-policy'),
      data: { 'policy.yaml': fleet.policyText },
    },
    daemonSet(fleet),
    ...(fleet.values.networkPolicy.enabled ? [networkPolicy(fleet)] : []),
    ...(fleet.values.podMonitor.enabled ? [podMonitor(fleet)] : []),
  ];
}

function daemonSet(fleet: Fleet): Manifest {
  const { values } = fleet;
  const selector = selectorOf(fleet, 'agent');
  const container = nodeContainer(fleet, {
    name: 'agent',
    args: ['agent', '--policy', `${POLICY_FOLDER}/policy.yaml`, ...values.extraArgs],
    kind: 'state',
    capabilities: AGENT_CAPABILITIES,
  });
  const pod = nodePod(fleet, 'state');
  const runtime = runtimeParts(fleet);
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadataOf(fleet, 'agent'),
    spec: {
      selector: { matchLabels: selector },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: values.maxUnavailable } },
      template: {
        metadata: { labels: { ...values.podLabels, ...selector }, ...annotations(values.podAnnotations) },
        spec: {
          ...pod,
          serviceAccountName: fleet.name,
          terminationGracePeriodSeconds: 15,
          containers: [
            {
              ...container,
              env: [...container.env, ...runtime.env],
              ...(fleet.metricsPort === undefined
                ? {}
                : { ports: [{ name: 'metrics', containerPort: fleet.metricsPort, protocol: 'TCP' }] }),
              // Ready is what was read back from the kernel: a rolling update waits for it.
              readinessProbe: {
                exec: { command: ['/usr/bin/portfence', 'status', '--agent'] },
                initialDelaySeconds: 5,
                periodSeconds: 30,
                timeoutSeconds: 20,
              },
              volumeMounts: [POLICY_MOUNT, ...container.volumeMounts, ...runtime.mounts],
            },
          ],
          volumes: [policyVolume(fleet), ...pod.volumes, ...runtime.volumes],
        },
      },
    },
  };
}

function podMonitor(fleet: Fleet): Manifest {
  const metadata = metadataOf(fleet, 'agent');
  const { interval, labels } = fleet.values.podMonitor;
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { ...metadata, labels: { ...labels, ...metadata.labels } },
    spec: {
      // The alerts know the agents as the job portfence.
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: selectorOf(fleet, 'agent') },
      podMetricsEndpoints: [
        {
          port: 'metrics',
          interval,
          relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'instance' }],
        },
      ],
    },
  };
}

/** Denies all connections into the pods; it has no effect on those that use the node's own network. */
function networkPolicy(fleet: Fleet): Manifest {
  const { 'app.kubernetes.io/component': _, ...all } = selectorOf(fleet, 'agent');
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(fleet, 'agent'),
    spec: { podSelector: { matchLabels: all }, policyTypes: ['Ingress'], ingress: [] },
  };
}

const annotations = (all: Readonly<Record<string, string>>) =>
  Object.keys(all).length === 0 ? {} : { annotations: all };

import { POLICY_FOLDER, POLICY_MOUNT, policyVolume } from './agent.ts';
import { AGENT_CAPABILITIES, nodeContainer, nodePod } from './container.ts';
import { type Fleet, type Manifest, metadataOf } from './manifest.ts';

/** A pod that sends real packets from the node that it lands on, and fails where one leaves out of range. */
export function verifyPod(fleet: Fleet): Manifest {
  const { to, connections } = fleet.values.verify;
  const container = nodeContainer(fleet, {
    name: 'verify',
    args: [
      ...['verify', '--policy', `${POLICY_FOLDER}/policy.yaml`, '--connections', String(connections)],
      ...to.flatMap((peer) => ['--to', peer]),
    ],
    kind: 'state',
    capabilities: AGENT_CAPABILITIES,
  });
  const pod = nodePod(fleet, 'state');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadataOf(fleet, 'verify', '-verify'),
    spec: {
      ...pod,
      restartPolicy: 'Never',
      containers: [{ ...container, volumeMounts: [POLICY_MOUNT, ...container.volumeMounts] }],
      volumes: [policyVolume(fleet), ...pod.volumes],
    },
  };
}

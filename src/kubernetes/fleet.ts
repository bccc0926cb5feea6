import { agentManifests } from './agent.ts';
import { cleanupDaemonSet } from './cleanup.ts';
import type { Fleet, Manifest } from './manifest.ts';
import { namespaceManifest } from './namespace.ts';
import type { Part } from './parts.ts';
import { verifyPod } from './verify.ts';

const MANIFESTS: Readonly<Record<Part, (fleet: Fleet) => readonly Manifest[]>> = {
  agent: (fleet) => [namespaceManifest(fleet), ...agentManifests(fleet)],
  verify: (fleet) => [verifyPod(fleet)],
  cleanup: (fleet) => [namespaceManifest(fleet), cleanupDaemonSet(fleet)],
};

/** The objects of a part, in the order in which they are made. */
export const manifestsOf = (fleet: Fleet, part: Part): readonly Manifest[] => MANIFESTS[part](fleet);

import type { FleetPolicy } from '../policy/fleet-policy.ts';
import type { Options } from './values.ts';

/** A Kubernetes object, as its API takes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What the objects are made from. */
export interface Fleet extends FleetPolicy {
  readonly values: Options;
  /** The name of every object, and what tells two installations apart. */
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
}

/** The part of the installation that an object belongs to. */
export type Component = 'agent' | 'cleanup' | 'verify';

const PART_OF = { 'app.kubernetes.io/name': 'portfence' } as const;

/** The labels by which the pods of a component are found. */
export function selectorOf({ name }: Fleet, component: Component): Readonly<Record<string, string>> {
  return { ...PART_OF, 'app.kubernetes.io/instance': name, 'app.kubernetes.io/component': component };
}

/** The metadata of an object of a component; `suffix` goes behind the installation's name. */
export function metadataOf(fleet: Fleet, component: Component, suffix = ''): Manifest['metadata'] {
  return {
    name: `${fleet.name}${suffix}`,
    namespace: fleet.namespace,
    labels: {
      ...selectorOf(fleet, component),
      'app.kubernetes.io/version': fleet.version,
      'app.kubernetes.io/managed-by': 'portfence',
    },
  };
}

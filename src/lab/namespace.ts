import { startChild } from '../system/child.ts';
import { createNamespace as createNamespaceOf, type Namespace } from '../system/namespace.ts';
import { run } from '../system/run.ts';

export type { Namespace } from '../system/namespace.ts';

/** A new network namespace of this machine; see `createNamespace` in src/system. */
export function createNamespace(): Promise<Namespace> {
  return createNamespaceOf({ run, startChild });
}

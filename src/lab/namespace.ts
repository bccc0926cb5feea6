import { hold } from '../system/held.ts';
import { holdNamespace as holdNamespaceOf, type Namespace } from '../system/namespace.ts';
import { run } from '../system/run.ts';

export type { Namespace } from '../system/namespace.ts';

/** A new network namespace of this machine; see `holdNamespace` in src/system. */
export function holdNamespace(): Promise<Namespace> {
  return holdNamespaceOf({ run, hold });
}

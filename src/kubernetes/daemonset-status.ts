/** How far a DaemonSet is: nodes that are to have a pod of it, and those where it is ready. */
export interface DaemonSetStatus {
  readonly nodes: number;
  readonly ready: number;
  /** The controller has seen the DaemonSet as it is now, and every node has a ready pod of it. */
  readonly done: boolean;
}

/** Reads the API's answer about a DaemonSet (apps/v1); undefined where it is none. */
export function daemonSetStatus(text: string): DaemonSetStatus | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const generation = numberAt(answer, 'metadata', 'generation');
  if (generation === undefined) return undefined;
  const nodes = numberAt(answer, 'status', 'desiredNumberScheduled') ?? 0;
  const ready = numberAt(answer, 'status', 'numberReady') ?? 0;
  const updated = numberAt(answer, 'status', 'updatedNumberScheduled') ?? 0;
  const isSeen = numberAt(answer, 'status', 'observedGeneration') === generation;
  return { nodes, ready, done: isSeen && ready >= nodes && updated >= nodes };
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  let at = value;
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
  return typeof at === 'number' ? at : undefined;
}

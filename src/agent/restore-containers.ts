import { forgetAgentStatus, readAgentStatus } from '../reconcile/agent-status-file.ts';
import { locked } from '../reconcile/locked.ts';
import type { System } from '../system/system.ts';
import { readNativeMemory } from './native/memory.ts';
import { USUAL_FOLDERS } from './native/namespace-folders.ts';
import { watchNamespaces } from './native/native.ts';

/**
 * Puts back the settings that an agent which has ended gave to containers that still run, and forgets them. Does nothing
 * where an agent runs: it learns of a removal and does so itself. Throws NOT_ROOT or LOCKED.
 */
export async function restoreContainers(
  system: System,
  { sockets, say }: { readonly sockets: readonly string[]; readonly say: (line: string) => void },
): Promise<void> {
  if (await readAgentStatus(system)) return;
  await locked(system, say, async () => {
    await forgetAgentStatus(system);
    if ((await readNativeMemory(system)).ours.length === 0) return;
    const native = watchNamespaces(system, { folders: USUAL_FOLDERS, sockets });
    try {
      await native.want(undefined);
    } finally {
      await native.stop();
    }
  });
}

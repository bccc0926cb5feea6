import { locked } from '../apply/locked.ts';
import type { System } from '../system/system.ts';
import { readNativeMemory } from './native/memory.ts';
import { watchNamespaces } from './native/native.ts';
import { USUAL_FOLDERS } from './native/owned.ts';
import { forgetReport, readReport } from './report.ts';

/**
 * Takes back what an earlier agent gave to containers that still run, and forgets it. Does nothing where an agent runs: it
 * hears of a removal and does so itself. Throws NOT_ROOT or LOCKED.
 */
export async function takeBack(
  system: System,
  { sockets, say }: { readonly sockets: readonly string[]; readonly say: (line: string) => void },
): Promise<void> {
  if (await readReport(system)) return;
  await locked(system, say, async () => {
    await forgetReport(system);
    if ((await readNativeMemory(system)).ours.length === 0) return;
    const native = watchNamespaces(system, { folders: USUAL_FOLDERS, sockets });
    try {
      await native.want(undefined);
    } finally {
      await native.stop();
    }
  });
}

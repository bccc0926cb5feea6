import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../src/errors.ts';
import { buildWorld, type World, type WorldSpec } from '../src/lab/world.ts';

const SIGNAL_MS = 50;

/** Does work in a world of its own and removes the world, also when the signal fires; then throws INTERRUPTED. */
export async function withWorld<T>(
  spec: WorldSpec,
  signal: AbortSignal,
  work: (world: World) => Promise<T>,
): Promise<T> {
  let world: World | undefined;
  const interrupt = (): void => void world?.close().catch(() => {});
  signal.addEventListener('abort', interrupt);
  try {
    signal.throwIfAborted();
    world = await buildWorld(spec);
    signal.throwIfAborted();
    return await work(world);
  } catch (cause) {
    // Ctrl-C reaches the commands in front as well, and one of them may have ended before our own handler runs.
    await sleep(SIGNAL_MS);
    if (!signal.aborted) throw cause;
    await world?.close();
    throw new PortfenceError('INTERRUPTED', 'interrupted; everything that the bench made is removed', { cause });
  } finally {
    signal.removeEventListener('abort', interrupt);
    await world?.close();
  }
}

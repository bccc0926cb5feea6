import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../src/errors.ts';
import { buildTestbed, type Testbed, type TestbedSpec } from '../src/lab/testbed.ts';

const SIGNAL_MS = 50;

/** Does work in a testbed of its own and removes the testbed, also when the signal fires; then throws INTERRUPTED. */
export async function withTestbed<T>(
  spec: TestbedSpec,
  signal: AbortSignal,
  work: (testbed: Testbed) => Promise<T>,
): Promise<T> {
  let testbed: Testbed | undefined;
  const interrupt = (): void => void testbed?.close().catch(() => {});
  signal.addEventListener('abort', interrupt);
  try {
    signal.throwIfAborted();
    testbed = await buildTestbed(spec);
    signal.throwIfAborted();
    return await work(testbed);
  } catch (cause) {
    // Ctrl-C reaches the commands in front as well, and one of them may have ended before our own handler runs.
    await sleep(SIGNAL_MS);
    if (!signal.aborted) throw cause;
    await testbed?.close();
    throw new PortfenceError('INTERRUPTED', 'interrupted; everything that the bench made is removed', { cause });
  } finally {
    signal.removeEventListener('abort', interrupt);
    await testbed?.close();
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from '../../src/lab/namespace.ts';
import { realSystem } from '../../src/system/real.ts';
import type { System } from '../../src/system/system.ts';

/** Engines of the machine itself know nothing of a namespace of the lab. */
const MACHINES_SOCKETS = /^(?:\/var)?\/run\//;

/** The real machine as seen from inside a network namespace, with a state folder of its own. */
export async function namespacedSystem(namespace: Namespace): Promise<System & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-test-'));
  const inside = (path: string) => path.startsWith('/proc/sys/net/') || path.startsWith('/proc/net/');
  return {
    ...realSystem,
    run: (argv, options) => namespace.run(argv, options),
    hold: (argv, extra) => namespace.hold(argv, extra),
    readText: async (path) => {
      if (!inside(path)) return realSystem.readText(path);
      const { code, stdout } = await namespace.run(['cat', path]);
      return code === 0 ? stdout : undefined;
    },
    writeKernel: async (path, text) => {
      const { code, stderr } = await namespace.run(['tee', path], { input: text });
      if (code !== 0) throw new Error(stderr);
    },
    getJson: (socket, path, timeoutMs) =>
      MACHINES_SOCKETS.test(socket)
        ? Promise.reject(Object.assign(new Error('an engine of the machine'), { code: 'ENOENT' }))
        : realSystem.getJson(socket, path, timeoutMs),
    // A process in the background would change the machine's own namespace.
    startDetached: async () => {},
    env: { ...realSystem.env, PORTFENCE_STATE_DIR: join(folder, 'state') },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

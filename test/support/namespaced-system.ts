import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from '../../src/lab/namespace.ts';
import { realSystem } from '../../src/system/real.ts';
import type { System } from '../../src/system/system.ts';

/** Engines of the machine itself know nothing of a namespace of the lab. */
const MACHINES_SOCKETS = /^(?:\/var)?\/run\//;

function notOfMachine(socket: string): string {
  if (!MACHINES_SOCKETS.test(socket)) return socket;
  throw Object.assign(new Error('an engine of the machine'), { code: 'ENOENT' });
}

/** The real machine as seen from inside a network namespace, with a state folder of its own. */
export async function namespacedSystem(namespace: Namespace): Promise<System & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-test-'));
  const inside = (path: string) => path.startsWith('/proc/sys/net/') || path.startsWith('/proc/net/');
  return {
    ...realSystem,
    run: (argv, options) => namespace.run(argv, options),
    startChild: (argv, extra) => namespace.startChild(argv, extra),
    streamCommand: (argv, onLine) => realSystem.streamCommand(namespace.enter(argv), onLine),
    startCoprocess: (argv, onLine) => realSystem.startCoprocess(namespace.enter(argv), onLine),
    readText: async (path, most) => {
      if (!inside(path)) return realSystem.readText(path, most);
      const { code, stdout, stderr } = await namespace.run(['cat', path]);
      if (code === 0) return stdout;
      if (stderr.includes('No such file or directory')) return undefined;
      throw new Error(stderr);
    },
    readBytes: async (path, onBytes, options) => {
      if (!inside(path)) return realSystem.readBytes(path, onBytes, options);
      const { code } = await realSystem.runBytes(namespace.enter(['cat', path]), onBytes);
      return code === 0;
    },
    runBytes: (argv, onBytes, timeoutMs) => realSystem.runBytes(namespace.enter(argv), onBytes, timeoutMs),
    writeKernel: async (path, text) => {
      const { code, stderr } = await namespace.run(['tee', path], { input: text });
      if (code !== 0) throw new Error(stderr);
    },
    getJson: async (socket, path, timeoutMs) => realSystem.getJson(notOfMachine(socket), path, timeoutMs),
    grpc: async (socket, ...call) => realSystem.grpc(notOfMachine(socket), ...call),
    // A process in the background would change the machine's own namespace.
    startDetached: async () => {},
    env: { ...realSystem.env, PORTFENCE_STATE_DIR: join(folder, 'state') },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

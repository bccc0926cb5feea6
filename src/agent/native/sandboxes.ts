import { podRuntime, podSockets } from '../../observe/cri.ts';
import type { PodSandbox } from '../../observe/cri-messages.ts';
import { type Running, readRunning, readSandbox, type Sandbox } from '../../observe/engine-sandboxes.ts';
import { isPodman } from '../../observe/engines.ts';
import { observeExecRoots } from '../../observe/exec-roots.ts';
import { canBeAsked } from '../../observe/listening.ts';
import type { Values } from '../../plan/container-sysctls.ts';
import type { System } from '../../system/system.ts';
import { chosenAmong } from './desired-sysctls.ts';
import { SHARED_FOLDERS } from './namespace-folders.ts';

export interface KnownSandbox {
  /** The container's name, scrubbed. */
  readonly container: string;
  readonly chosen: Partial<Values>;
}

export interface Sandboxes {
  /** Asks the engines about containers that are not known yet; gives the folders in which they put namespaces. Never throws. */
  ask(): Promise<readonly string[]>;
  /** The container whose namespace is mounted there; undefined where no engine has named it. */
  at(path: string): KnownSandbox | undefined;
}

const PATIENCE_MS = 1000;
const AT_ONCE = 8;
/** Its Docker-compatible answer leaves out what was chosen. */
const PODMAN = '/v4.0.0/libpod';

/** One engine, or the runtime of a kubelet. What it does not answer throws. */
interface Engine {
  /** What runs; `isNew` where it did not answer the last time, and may be another engine by now. */
  running(isNew: boolean): Promise<readonly Running[]>;
  /** Undefined where it has ended meanwhile, or has no namespace of its own. */
  sandbox(id: string): Promise<Sandbox | undefined>;
}

/**
 * What the engines behind these sockets, and the runtimes of a kubelet, say about the namespaces of their containers. Each start is
 * asked about once.
 */
export function knowSandboxes(system: System, sockets: readonly string[]): Sandboxes {
  const known = new Map<string, ReadonlyMap<string, Sandbox>>();
  const answering = new Set<string>();
  let roots: readonly string[] = [];
  let byPath: ReadonlyMap<string, KnownSandbox> = new Map();

  const askOne = async (socket: string, engine: Engine): Promise<void> => {
    const before = known.get(socket);
    try {
      if (!(await canBeAsked(system, socket))) return;
      const now = new Map<string, Sandbox>();
      const fresh: Running[] = [];
      for (const one of await engine.running(!answering.has(socket))) {
        const key = keyOf(one);
        const sandbox = before?.get(key);
        if (sandbox) now.set(key, sandbox);
        else fresh.push(one);
      }
      for (let i = 0; i < fresh.length; i += AT_ONCE)
        await Promise.all(
          fresh.slice(i, i + AT_ONCE).map(async (one) => {
            const sandbox = await engine.sandbox(one.id);
            if (sandbox !== undefined) now.set(keyOf(one), sandbox); // Else it is asked again, should it still run.
          }),
        );
      known.set(socket, now);
      answering.add(socket);
    } catch {
      answering.delete(socket); // What it said before stays: containers may live on while it restarts.
    }
  };
  const engines = sockets.map((socket) => ({
    socket,
    engine: engineBehind(system, socket, async () => {
      roots = await observeExecRoots(system); // Docker's first container is not to be too early.
    }),
  }));
  const runtimes = new Map<string, Engine>();
  return {
    ask: async () => {
      for (const socket of await podSockets(system))
        if (!runtimes.has(socket)) runtimes.set(socket, runtimeBehind(system, socket));
      await Promise.all([
        ...engines.map(({ socket, engine }) => askOne(socket, engine)),
        ...[...runtimes].map(([socket, runtime]) => askOne(socket, runtime)),
      ]);
      byPath = placed([...known.values()].flatMap((all) => [...all]));
      return [...new Set([...roots.map((root) => `${root}/netns`), ...[...byPath.keys()].flatMap(dockersFolder)])];
    },
    at: (path) => byPath.get(path),
  };
}

/** Docker, or podman; `met` is called where a Docker is new. */
function engineBehind(system: System, socket: string, met: () => Promise<void>): Engine {
  const get = (path: string) => system.getJson(socket, path, PATIENCE_MS);
  let isPodmans = false;
  return {
    running: async (isNew) => {
      if (isNew) {
        isPodmans = isPodman(await get('/version'));
        if (!isPodmans) await met();
      }
      return readRunning(await get('/containers/json'));
    },
    sandbox: async (id) => {
      // One that has ended meanwhile is not there any more, and does not matter.
      const answer = await get(`${isPodmans ? PODMAN : ''}/containers/${id}/json`).catch((error: unknown) => {
        if (isSilence(error)) throw error;
      });
      return answer === undefined ? undefined : readSandbox(answer);
    },
  };
}

/** The pods of a kubelet's runtime. */
function runtimeBehind(system: System, socket: string): Engine {
  const runtime = podRuntime(system, socket);
  let pods: readonly PodSandbox[] = [];
  return {
    running: async () => {
      pods = await runtime.pods();
      return pods.map(({ id }) => ({ id, start: '' }));
    },
    sandbox: async (id) => {
      const pod = pods.find((one) => one.id === id);
      return pod && runtime.sandbox(pod);
    },
  };
}

/** Docker's is `EXEC-ROOT/netns` and belongs to it alone; the folder that podman shares with others belongs to no engine. */
function dockersFolder(path: string): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder.endsWith('/netns') && !SHARED_FOLDERS.includes(folder) ? [folder] : [];
}

const keyOf = ({ id, start }: Running): string => `${id} ${start}`;
const isSilence = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');

/** By the path of the namespace. A container that uses another one's can have had settings chosen for it, too. */
function placed(containers: readonly (readonly [key: string, sandbox: Sandbox])[]): ReadonlyMap<string, KnownSandbox> {
  const places = new Map<string, KnownSandbox>();
  const pathOf = new Map(containers.map(([key, sandbox]) => [key.split(' ')[0], sandbox.path]));
  for (const [, sandbox] of containers) {
    const path = sandbox.path ?? pathOf.get(sandbox.joins ?? '');
    if (path === undefined) continue;
    const other = places.get(path);
    places.set(path, {
      container: other && sandbox.joins !== undefined ? other.container : sandbox.container,
      chosen: { ...other?.chosen, ...chosenAmong(sandbox.chosen) },
    });
  }
  return places;
}

import { type Running, readRunning, readSandbox, type Sandbox } from '../../observe/engine-sandboxes.ts';
import { isPodman } from '../../observe/engines.ts';
import { observeExecRoots } from '../../observe/exec-roots.ts';
import type { System } from '../../system/system.ts';
import { chosenAmong, type Values } from './gift.ts';
import { SHARED_FOLDERS } from './owned.ts';

export interface KnownSandbox {
  /** The container's name, scrubbed. */
  readonly container: string;
  readonly chosen: Partial<Values>;
}

export interface Sandboxes {
  /** Asks the engines about containers that are not known yet; gives the folders in which they put namespaces. Never throws. */
  ask(): Promise<readonly string[]>;
  /** The container whose namespace is mounted there; undefined where no engine has told of it. */
  at(path: string): KnownSandbox | undefined;
}

const PATIENCE_MS = 1000;
const AT_ONCE = 8;
/** Its Docker-compatible answer does not tell what was chosen. */
const PODMAN = '/v4.0.0/libpod';

/** What the engines behind these sockets tell about the namespaces of their containers. Each start is asked about once. */
export function knowSandboxes(system: System, sockets: readonly string[]): Sandboxes {
  const known = new Map<string, ReadonlyMap<string, Sandbox | undefined>>();
  const answering = new Set<string>();
  const podmans = new Set<string>();
  let roots: readonly string[] = [];
  let byPath: ReadonlyMap<string, KnownSandbox> = new Map();

  const askOne = async (socket: string): Promise<void> => {
    const get = (path: string) => system.getJson(socket, path, PATIENCE_MS);
    const before = known.get(socket);
    try {
      const now = new Map<string, Sandbox | undefined>();
      const fresh: Running[] = [];
      if (!answering.has(socket)) {
        if (isPodman(await get('/version'))) podmans.add(socket);
        else roots = await observeExecRoots(system); // Docker's first container is not to be too early.
      }
      for (const one of readRunning(await get('/containers/json'))) {
        const key = keyOf(one);
        if (before?.has(key)) now.set(key, before.get(key));
        else fresh.push(one);
      }
      for (let i = 0; i < fresh.length; i += AT_ONCE)
        await Promise.all(
          fresh.slice(i, i + AT_ONCE).map(async (one) => {
            // One that has ended meanwhile is not there any more, and does not matter.
            const answer = await get(`${podmans.has(socket) ? PODMAN : ''}/containers/${one.id}/json`).catch(
              (error: unknown) => {
                if (isSilence(error)) throw error;
              },
            );
            if (answer !== undefined) now.set(keyOf(one), readSandbox(answer));
          }),
        );
      known.set(socket, now);
      answering.add(socket);
    } catch {
      answering.delete(socket); // What it said before stays: containers may live on while it restarts.
    }
  };
  return {
    ask: async () => {
      await Promise.all(sockets.map(askOne));
      byPath = placed([...known.values()].flatMap((all) => [...all]));
      return [...new Set([...roots.map((root) => `${root}/netns`), ...[...byPath.keys()].flatMap(dockersFolder)])];
    },
    at: (path) => byPath.get(path),
  };
}

/** Docker's is `EXEC-ROOT/netns` and holds nobody else's; the one that podman shares with others is none of an engine. */
function dockersFolder(path: string): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder.endsWith('/netns') && !SHARED_FOLDERS.includes(folder) ? [folder] : [];
}

const keyOf = ({ id, start }: Running): string => `${id} ${start}`;
const isSilence = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');

/** By the path of the namespace. A container that uses another one's can have had settings chosen for it, too. */
function placed(
  containers: readonly (readonly [key: string, sandbox: Sandbox | undefined])[],
): ReadonlyMap<string, KnownSandbox> {
  const places = new Map<string, KnownSandbox>();
  const pathOf = new Map(containers.map(([key, sandbox]) => [key.split(' ')[0], sandbox?.path]));
  for (const [, sandbox] of containers) {
    const path = sandbox?.path ?? pathOf.get(sandbox?.joins ?? '');
    if (!sandbox || path === undefined) continue;
    const other = places.get(path);
    places.set(path, {
      container: other && sandbox.joins !== undefined ? other.container : sandbox.container,
      chosen: { ...other?.chosen, ...chosenAmong(sandbox.chosen) },
    });
  }
  return places;
}

import type { HttpHandler, System } from '../../src/system/system.ts';
import { fakeClock } from './fakes/clock.ts';
import { type FileTree, fileTree, type TreeScript } from './fakes/file-tree.ts';
import { type FileCalls, fakeFiles } from './fakes/files.ts';
import { type FakeProcesses, fakeProcesses, type ProcessCalls, type ProcessScript } from './fakes/processes.ts';
import { fakeServers } from './fakes/servers.ts';
import { fakeSockets, type SocketScript } from './fakes/sockets.ts';
import { fakeStreams } from './fakes/streams.ts';
import { fakeWatches } from './fakes/watches.ts';

export { failed, missing, notStarted } from './fakes/processes.ts';

/** How the system answers. */
export interface Script extends ProcessScript, TreeScript, SocketScript {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isRoot?: boolean;
}

/** What was asked of the system, in order. */
export interface Calls extends ProcessCalls, FileCalls {
  readonly asked: string[];
  readonly slept: number[];
}

/** A System that answers by its script, and notes what it was asked. */
export type ScriptedSystem = System & {
  readonly calls: Calls;
  readonly files: ReadonlyMap<string, string>;
  /** The files as a tree: for links and folders that change while a test runs. */
  readonly tree: FileTree;
  /** Each stream and watch by its words; call it to let a line or a name come. */
  readonly feeds: ReadonlyMap<string, (line: string) => void>;
  /** What is served, by socket or `HOST:PORT`. */
  readonly served: ReadonlyMap<string, HttpHandler>;
  readonly endStream: FakeProcesses['endStream'];
  readonly setWallClock: (byMs: number) => void;
};

/** A System that holds no surprises: time passes only by `sleep`, nothing exists that the script does not name. */
export function scriptedSystem(script: Script = {}): ScriptedSystem {
  const calls: Calls = {
    run: [],
    children: [],
    written: [],
    removed: [],
    asked: [],
    detached: [],
    slept: [],
    locks: [],
  };
  const tree = fileTree(script);
  const feeds = new Map<string, (line: string) => void>();
  const served = new Map<string, HttpHandler>();
  const onWrite = (path: string, text: string): void => void calls.written.push({ path, text, to: 'command' });
  const textAt = (path: string): string | undefined => tree.textAt(path);
  const { stream, ...processes } = fakeProcesses({ script, calls, feeds, onWrite, textAt });
  return {
    ...{ calls, tree, feeds, served, files: tree.texts },
    ...processes,
    ...fakeFiles(tree, { calls, input: script.input ?? '' }),
    ...fakeServers(served),
    ...fakeStreams({ readText: fakeFiles(tree, { calls }).readText, run: processes.run }),
    ...fakeSockets({ script, asked: calls.asked, stream }),
    ...fakeWatches(tree, feeds),
    ...fakeClock(calls.slept),
    pid: 4711,
    isRoot: script.isRoot ?? true,
    env: script.env ?? {},
  };
}

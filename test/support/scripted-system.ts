import type {
  Argv,
  Finished,
  Followed,
  HttpOutcome,
  HttpRequest,
  RunOptions,
  System,
} from '../../src/system/system.ts';

/** How a command ends: whole, or only what it prints, or made at the moment of the call. */
export type ScriptedCommand = Finished | string | ((argv: Argv, options: RunOptions) => Finished | string);

export interface Script {
  /** By the words of the command joined by blanks. A command that is not here makes the test fail, named. */
  readonly commands?: Readonly<Record<string, ScriptedCommand>>;
  /** File contents by path; what the code writes or removes shows here as well. Symbolic links under `links`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** Answers by `SOCKET PATH`; an Error is thrown. A socket that is not here does not exist (ENOENT). */
  readonly sockets?: Readonly<Record<string, unknown>>;
  /** How requests over HTTP end; nobody listens where there is none. */
  readonly http?: (request: HttpRequest) => HttpOutcome;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isRoot?: boolean;
  /** Lock files that somebody else holds. */
  readonly locked?: readonly string[];
}

export interface Calls {
  readonly held: { readonly argv: Argv; readonly input: string | undefined; stopped: boolean }[];
  readonly run: { readonly argv: Argv; readonly input: string | undefined }[];
  readonly written: { readonly path: string; readonly text: string; readonly to: 'file' | 'kernel' | 'command' }[];
  readonly removed: string[];
  readonly asked: string[];
  readonly detached: (readonly string[])[];
  readonly slept: number[];
  readonly locks: { readonly path: string; released: boolean }[];
}

export type ScriptedSystem = System & {
  readonly calls: Calls;
  readonly files: ReadonlyMap<string, string>;
  /** Whatever is followed or watched, by its words; call it to let a line come. */
  readonly feeds: ReadonlyMap<string, (line: string) => void>;
};

/** A System that holds no surprises: time passes only by `sleep`, nothing exists that the script does not name. */
export function scriptedSystem(script: Script = {}): ScriptedSystem {
  const files = new Map(Object.entries(script.files ?? {}));
  const calls: Calls = { run: [], held: [], written: [], removed: [], asked: [], detached: [], slept: [], locks: [] };
  let now = Date.UTC(2026, 0, 1);
  const feeds = new Map<string, (line: string) => void>();
  const feed = (source: string, onLine: (line: string) => void): Followed => {
    feeds.set(source, onLine);
    const stop = async () => {
      feeds.delete(source);
    };
    return {
      ended: new Promise(() => {}),
      write: (line) => calls.written.push({ path: source, text: line, to: 'command' }),
      stop,
    };
  };
  return {
    calls,
    files,
    feeds,
    run: async (argv, options = {}) => {
      calls.run.push({ argv, input: options.input });
      const command = script.commands?.[argv.join(' ')];
      if (command === undefined) throw new Error(`the script holds no command \`${argv.join(' ')}\``);
      const ending = typeof command === 'function' ? command(argv, options) : command;
      return typeof ending === 'string' ? { code: 0, stdout: ending, stderr: '' } : ending;
    },
    hold: async (argv, extra = {}) => {
      calls.held.push({ argv, input: extra.input, stopped: false });
      const held = calls.held.at(-1);
      const stop = async () => {
        if (held) held.stopped = true;
      };
      return { pid: 5000 + calls.held.length, greeting: '', ended: Promise.resolve(), stop };
    },
    follow: (argv, onLine) => feed(argv.join(' '), onLine),
    followSocket: (socket, path, onLine) => feed(`${socket} ${path}`, onLine),
    watchFolder: (path, onName) => {
      feed(path, onName);
      return { close: () => feeds.delete(path) };
    },
    readText: async (path) => files.get(path),
    readInput: async () => script.input ?? '',
    writeText: async (path, text) => {
      calls.written.push({ path, text, to: 'file' });
      files.set(path, text);
    },
    replaceText: async (path, text, { inspect }) => {
      const temporary = `${path}.tmp`;
      files.set(temporary, text);
      try {
        await inspect?.(temporary);
      } finally {
        files.delete(temporary);
      }
      calls.written.push({ path, text, to: 'file' });
      files.set(path, text);
    },
    writeKernel: async (path, text) => {
      calls.written.push({ path, text, to: 'kernel' });
      if (!files.has(path)) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      files.set(path, `${text}\n`);
    },
    remove: async (path) => {
      calls.removed.push(path);
      files.delete(path);
    },
    list: async (path) => {
      const inside = [...files.keys(), ...Object.keys(script.links ?? {})].filter((name) =>
        name.startsWith(`${path}/`),
      );
      return [...new Set(inside.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))].sort();
    },
    linkTarget: async (path) => script.links?.[path],
    getJson: async (socket, path) => {
      const key = `${socket} ${path}`;
      calls.asked.push(key);
      const answer = script.sockets?.[key];
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      const there = Object.keys(script.sockets ?? {}).some((name) => name.startsWith(`${socket} `));
      if (there) throw new Error(`${socket} ${path}: HTTP 404`);
      throw Object.assign(new Error(`connect ENOENT ${socket}`), { code: 'ENOENT' });
    },
    http: async (request) =>
      script.http?.(request) ?? { outcome: 'failed', code: 'ECONNREFUSED', reason: 'connect ECONNREFUSED' },
    lock: async (path) => {
      if (script.locked?.includes(path)) return undefined;
      const held = { path, released: false };
      calls.locks.push(held);
      return {
        release: async () => {
          held.released = true;
        },
      };
    },
    startDetached: async (args) => {
      calls.detached.push(args);
    },
    now: () => now,
    sleep: async (ms) => {
      calls.slept.push(ms);
      now += ms;
    },
    pid: 4711,
    isRoot: script.isRoot ?? true,
    env: script.env ?? {},
  };
}

/** A command that ends in failure. */
export const failed = (code: number, stderr: string): Finished => ({ code, stdout: '', stderr });

import { spawnError } from '../../../src/system/errno.ts';
import { identityIn } from '../../../src/system/process-identity.ts';
import type { Argv, CommandResult, Coprocess, Processes, RunOptions } from '../../../src/system/system.ts';

/** How a command ends: whole, or only what it prints, or made at the moment of the call. */
export type ScriptedCommand = CommandResult | string | ((argv: Argv, options: RunOptions) => CommandResult | string);

/** How commands answer. */
export interface ProcessScript {
  /** By the words of the command joined by blanks. A command that is not here makes the test fail, named. */
  readonly commands?: Readonly<Record<string, ScriptedCommand>>;
  /** Lock files that another process holds. */
  readonly locked?: readonly string[];
}

/** Commands that were run, in order. */
export interface ProcessCalls {
  readonly children: { readonly argv: Argv; readonly input: string | undefined; stopped: boolean }[];
  readonly run: { readonly argv: Argv; readonly input: string | undefined }[];
  readonly detached: (readonly string[])[];
  readonly locks: { readonly path: string; released: boolean }[];
}

/** Processes that only answer as their script says. */
export interface FakeProcesses extends Processes {
  /** Ends whatever streams under these words, as a command that dies or an engine that breaks off. */
  readonly endStream: (source: string) => void;
  /** A stream of a command or a socket, fed by `feeds`. */
  readonly stream: (source: string, onLine: (line: string) => void) => Coprocess;
}

interface Options {
  readonly script: ProcessScript;
  readonly calls: ProcessCalls;
  readonly feeds: Map<string, (line: string) => void>;
  readonly onWrite: (source: string, line: string) => void;
  readonly textAt: (path: string) => string | undefined;
}

/** Processes that do what a script says. Locks exclude each other as real ones do. */
export function fakeProcesses({ script, calls, feeds, onWrite, textAt }: Options): FakeProcesses {
  const endings = new Map<string, () => void>();
  const stream = (source: string, onLine: (line: string) => void): Coprocess => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = () => {
        if (feeds.get(source) === onLine) feeds.delete(source);
        resolve();
      };
    });
    feeds.set(source, onLine);
    endings.set(source, end);
    return { ended, write: (line) => onWrite(source, line), stop: async () => end() };
  };
  const held = new Map<string, Promise<void>>();
  return {
    stream,
    endStream: (source) => endings.get(source)?.(),
    run: async (argv, options = {}) => {
      calls.run.push({ argv, input: options.input });
      const command = script.commands?.[argv.join(' ')];
      if (command === undefined) throw new Error(`the script holds no command \`${argv.join(' ')}\``);
      const ending = typeof command === 'function' ? command(argv, options) : command;
      return typeof ending === 'string' ? { code: 0, stdout: ending, stderr: '' } : ending;
    },
    startChild: async (argv, extra = {}) => {
      const child = { argv, input: extra.input, stopped: false };
      calls.children.push(child);
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const stop = async () => {
        child.stopped = true;
        end();
      };
      return { pid: 5000 + calls.children.length, firstLine: '', ended, stop };
    },
    streamCommand: (argv, onLine) => stream(argv.join(' '), onLine),
    startCoprocess: (argv, onLine) => stream(argv.join(' '), onLine),
    startDetached: async (args) => {
      calls.detached.push(args);
    },
    lock: async (path, waitMs) => {
      if (script.locked?.includes(path)) return undefined;
      while (held.has(path)) {
        if (waitMs === 0) return undefined;
        await held.get(path);
      }
      const lock = { path, released: false };
      calls.locks.push(lock);
      let free = (): void => {};
      held.set(path, new Promise((resolve) => (free = resolve)));
      return {
        release: async () => {
          lock.released = true;
          held.delete(path);
          free();
        },
      };
    },
    processIdentity: async (pid) => {
      const stat = textAt(`/proc/${pid}/stat`);
      return stat === undefined ? undefined : identityIn(pid, stat);
    },
  };
}

/** A command that ends in failure. */
export const failed = (code: number, stderr: string): CommandResult => ({ code, stdout: '', stderr });

const startError = (command: string, errno: string) =>
  spawnError(Object.assign(new Error(errno), { code: errno }), command);

/** A command that does not exist. */
export const missing = (command: string): CommandResult => failed(127, startError(command, 'ENOENT').message);

/** A command that is there and can't be started. */
export const notStarted =
  (command: string, errno: string): ScriptedCommand =>
  () => {
    throw startError(command, errno);
  };

/** A command with its arguments, never a shell line. */
export type Argv = readonly [command: string, ...args: string[]];

export interface RunOptions {
  /** Text for the command's standard input. */
  readonly input?: string;
  /** Milliseconds until the command is killed; 30,000 unless given. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The command goes on when Ctrl-C ends the foreground group: for cleaning up. */
  readonly outlastsInterrupt?: boolean;
  /** Kills the command when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** A command that runs on until it is stopped, or until this process is gone. */
export interface Held {
  readonly pid: number;
  /** The first line that it wrote, its sign of being ready. */
  readonly greeting: string;
  /** Settles when the command has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Lines that keep coming, from a command or a socket. */
export interface Followed {
  /** Settles when no more will come. */
  readonly ended: Promise<void>;
  /** Gives a command a line on its standard input. */
  write(line: string): void;
  stop(): Promise<void>;
}

/** How a command ended. `code` is 127 where the command does not exist, 124 where it ran out of time. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A request over plain HTTP. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
  /** The largest body that is taken, in bytes. */
  readonly largest: number;
}

/** How a request ended; `connected` tells whether the other side took the connection before it fell silent. */
export type HttpOutcome =
  | { readonly outcome: 'answer'; readonly status: number; readonly body: string }
  | { readonly outcome: 'silence'; readonly connected: boolean }
  | { readonly outcome: 'too-large' }
  | { readonly outcome: 'failed'; readonly code: string; readonly reason: string };

export interface ReplaceOptions {
  /** The file whose mode and owner the new one gets; the replaced file itself unless given, 0644 where there is none. */
  readonly like?: string;
  /** Sees the new text under a temporary name first; what it throws leaves the file as it is. */
  readonly inspect?: (temporary: string) => Promise<void>;
}

/**
 * The one boundary to the world. Every stage gets it as an argument, so that each is tested with a scripted one and the
 * same cases run against the real kernel in a private namespace.
 */
export interface System {
  run(argv: Argv, options?: RunOptions): Promise<Finished>;
  /**
   * Starts a command that writes a line when it is ready and ends when its standard input does, however we die. Throws what
   * the command said where it ends early.
   */
  hold(argv: Argv, extra?: { input?: string; env?: Readonly<Record<string, string>> }): Promise<Held>;
  /** The file's text, or undefined where there is no such file. Throws for any other failure. */
  readText(path: string): Promise<string | undefined>;
  /** What comes on standard input, to its end. Throws where it is more than so many bytes. */
  readInput(most: number): Promise<string>;
  /** Replaces the file in one step (temporary file, sync, rename); makes its folder. Mode 0600 unless given. */
  writeText(path: string, text: string, mode?: number): Promise<void>;
  /** Replaces somebody else's file in one step: symbolic links are followed, mode and owner stay. Throws with the reason. */
  replaceText(path: string, text: string, options: ReplaceOptions): Promise<void>;
  /** Writes into a file of /proc or /sys, which can't be renamed over. Throws with the kernel's reason. */
  writeKernel(path: string, text: string): Promise<void>;
  /** Removes a file or an empty folder; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Names in a folder, none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Where a symbolic link points to (`/proc/self/ns/net` -> `net:[4026531840]`), or undefined. */
  linkTarget(path: string): Promise<string | undefined>;
  /** GET over a unix socket, body parsed as JSON. Throws where nobody answers within the time (ms). */
  getJson(socketPath: string, path: string, timeoutMs: number): Promise<unknown>;
  /** One request over plain HTTP; no redirect is followed, no proxy asked. Never throws for what the other side does. */
  http(request: HttpRequest): Promise<HttpOutcome>;
  /** Holds the lock file until `release`. Undefined where another process holds it for longer than `waitMs`. */
  lock(path: string, waitMs: number): Promise<{ release(): Promise<void> } | undefined>;
  /** Runs a command for as long as it is wanted, and gives each line that it writes. It ends with this process. */
  follow(argv: Argv, onLine: (line: string) => void): Followed;
  /** Reads a stream of lines over a unix socket; it ends when the other side does, or was not there. */
  followSocket(socketPath: string, path: string, onLine: (line: string) => void): Followed;
  /** Tells names that appear, change or go in a folder, '' for the folder itself; it may come later. */
  watchFolder(path: string, onName: (name: string) => void): { close(): void };
  /** Starts portfence itself with these arguments, outside this terminal's session, and does not wait for it. */
  startDetached(args: readonly string[]): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Ends early, without an error, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  readonly pid: number;
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

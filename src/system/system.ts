/** A command with its arguments, never a shell line. */
export type Argv = readonly [command: string, ...args: string[]];

export interface RunOptions {
  /** Text for the command's standard input. */
  readonly input?: string;
  /** Milliseconds until the command and all that it started are killed; 30,000 unless given. */
  readonly timeoutMs?: number;
  /** The largest output in bytes, standard output and standard error together; 256 MiB unless given. */
  readonly largestOutput?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Ctrl-C does not end the command: for cleaning up. */
  readonly outlastsInterrupt?: boolean;
  /** Kills the command and all that it started when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How a command ended. `code` is its exit code; 127 where the command does not exist (ENOENT, and nothing else), 125 where
 * its output was too large, 124 where it ran out of time.
 */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs until it is stopped, or until this process is gone. */
export interface ChildHandle {
  readonly pid: number;
  /** The first line that it wrote, its sign of being ready. */
  readonly firstLine: string;
  /** Settles when the command has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Lines that keep coming, from a command or a socket. */
export interface LineStream {
  /** Settles when no more lines will come. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** A command that answers lines with lines. */
export interface Coprocess extends LineStream {
  /** Writes a line to the command's standard input. A command that has ended ignores it. */
  write(line: string): void;
}

/** Commands, and processes of this machine. */
export interface Processes {
  /**
   * Runs a command to its end. Throws SYSTEM with what to do where the command is there and can't be started (EACCES,
   * EAGAIN, EMFILE and so on), so that no caller takes that for an answer; never for how the command ends.
   */
  run(argv: Argv, options?: RunOptions): Promise<CommandResult>;
  /**
   * Starts a command that writes a line when it is ready and ends when its standard input does, so that it ends with this
   * process. Throws TOOL_MISSING, or SYSTEM with the command's words where it ends before the first line.
   */
  startChild(argv: Argv, extra?: { input?: string; env?: Readonly<Record<string, string>> }): Promise<ChildHandle>;
  /** Runs a command that reads no input and gives each line that it writes. It ends with this process, also by kill -9. */
  streamCommand(argv: Argv, onLine: (line: string) => void): LineStream;
  /** As streamCommand, for a command that reads lines from its standard input and ends when that ends. */
  startCoprocess(argv: Argv, onLine: (line: string) => void): Coprocess;
  /** Starts portfence itself with these arguments, outside this terminal's session, and does not wait for it. */
  startDetached(args: readonly string[]): Promise<void>;
  /** Holds the lock file until `release`. Undefined where another process holds it for longer than `waitMs`. */
  lock(path: string, waitMs: number): Promise<{ release(): Promise<void> } | undefined>;
  /**
   * `PID@START`, where START is the process's start in clock ticks since the boot (field 22 of proc_pid_stat(5)): the same
   * process and no later one with its number. Undefined where there is no such process, or only its zombie.
   */
  processIdentity(pid: number): Promise<string | undefined>;
}

export interface ReplaceOptions {
  /** The file whose mode and owner the new one gets; the replaced file itself unless given, 0644 where there is none. */
  readonly like?: string;
  /** Sees the new text under a temporary name first; what it throws leaves the file as it is. */
  readonly inspect?: (temporary: string) => Promise<void>;
}

/**
 * Files. "Missing" means ENOENT and nothing else. Every other failure is a PortfenceError SYSTEM that names the path, what
 * is wrong and what to do; it carries `errno` and `path`.
 */
export interface Files {
  /** The file's text, or undefined where there is no such file. Throws SYSTEM, also for more than `most` bytes (64 MiB). */
  readText(path: string, most?: number): Promise<string | undefined>;
  /** What comes on standard input, to its end. Throws RangeError where it is more than so many bytes. */
  readInput(most: number): Promise<string>;
  /** Replaces our own file in one step (temporary file, sync, rename); makes its folder. Mode 0600 unless given. */
  writeText(path: string, text: string, mode?: number): Promise<void>;
  /**
   * Writes what a user asked for into a file that the user named: a regular file is replaced in one step with its mode, a
   * symbolic link's target is written, a device or a pipe is written to. Makes no folder. Throws SYSTEM.
   */
  writeOutput(path: string, text: string): Promise<void>;
  /** Replaces another program's file in one step: symbolic links are followed, mode and owner stay. Throws with the reason. */
  replaceText(path: string, text: string, options: ReplaceOptions): Promise<void>;
  /**
   * Writes into a file of /proc or /sys, which can't be renamed over. A setting is written below PORTFENCE_PROC_SYS where that
   * is set: engines mount /proc/sys read-only for containers. Throws with the kernel's reason.
   */
  writeKernel(path: string, text: string): Promise<void>;
  /** Removes a file or an empty folder; nothing happens where there is none, or where the folder is not empty. */
  remove(path: string): Promise<void>;
  /** Names in a folder, none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Where a symbolic link points to (`/proc/self/ns/net` -> `net:[4026531840]`); undefined where nothing is there. */
  linkTarget(path: string): Promise<string | undefined>;
  /**
   * The path of this process for a path in another system's tree (an image): no symbolic link leads out of `root`. With
   * `keepLast` the last component is taken as it is, to replace or to remove a link itself.
   */
  pathIn(root: string, path: string, options?: { readonly keepLast?: boolean }): Promise<string>;
}

/** A request over HTTP, with TLS where the address says https. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  /** The certificates (PEM) of those who may vouch for the other side; the usual ones unless given. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
  /** The largest body that is taken, in bytes. */
  readonly largest: number;
}

/** How a request ended; `connected` says whether the other side took the connection before it fell silent. */
export type HttpOutcome =
  | { readonly outcome: 'answer'; readonly status: number; readonly body: string }
  | { readonly outcome: 'silence'; readonly connected: boolean }
  | { readonly outcome: 'too-large' }
  | { readonly outcome: 'failed'; readonly code: string; readonly reason: string };

export interface Sockets {
  /** GET over a unix socket, body parsed as JSON. Throws where no answer comes within the time (ms). */
  getJson(socketPath: string, path: string, timeoutMs: number): Promise<unknown>;
  /**
   * One call of a gRPC service on a unix socket: `/runtime.v1.RuntimeService/Version`, messages as they are on the wire. Throws where
   * no answer comes within the time (ms); what the service refuses has gRPC's number as `code` (12: it has no such call).
   */
  grpc(socketPath: string, method: string, request: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** One request over HTTP; no redirect is followed, no proxy asked. Never throws for what the other side does. */
  http(request: HttpRequest): Promise<HttpOutcome>;
  /** Reads a stream of lines over a unix socket; it ends when the other side ends it, or was not there. */
  streamSocket(socketPath: string, path: string, onLine: (line: string) => void): LineStream;
}

/** Takes the first `count` bytes of a buffer that is written over after the call. */
export type ByteSink = (buffer: Uint8Array, count: number) => void;

export interface ReadBytesOptions {
  /** A thread reads while `onBytes` works on what it has read, where there is a core for it. It costs about 30 ms and 10 MB. */
  readonly ahead?: boolean;
}

/** Bytes that are too many to hold: each is seen once. What `onBytes` throws ends the reading, and is thrown. */
export interface Streams {
  /** Gives the bytes of a file; false where there is no such file. Throws SYSTEM. */
  readBytes(path: string, onBytes: ByteSink, options?: ReadBytesOptions): Promise<boolean>;
  /** Runs a command to its end and gives the bytes that it prints, instead of `stdout`. Throws as `run`. */
  runBytes(argv: Argv, onBytes: ByteSink, timeoutMs?: number): Promise<CommandResult>;
}

/** Where to listen: a unix socket that only its owner may use, or an address. */
export type HttpPlace = { readonly socket: string } | { readonly host: string; readonly port: number };

/** What a client asks with GET or HEAD. */
export interface ServedRequest {
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly accept: string;
}

/** A whole answer, or a stream of text that lasts until the client goes; `open` gives what ends it. */
export type ServedAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
} & ({ readonly body: string } | { readonly open: (send: (text: string) => void) => () => void });

export type HttpHandler = (request: ServedRequest) => Promise<ServedAnswer>;

export interface HttpServing {
  /** Ends every connection, and removes the socket. */
  close(): Promise<void>;
}

export interface Servers {
  /** Serves HTTP to at most 64 connections. Throws SYSTEM where the place can't be listened on. */
  serveHttp(place: HttpPlace, handle: HttpHandler): Promise<HttpServing>;
  /** Opens a port of 127.0.0.1 (0: a free one) whose connections lead to a unix socket. Throws SYSTEM. */
  forwardLoopback(socket: string, port: number): Promise<HttpServing & { readonly port: number }>;
}

export interface Watch {
  close(): void;
}

export interface WatchOptions {
  /** Called once where inotify can't be used (its instances or watches are used up): the path is polled from then on. */
  readonly onPolling?: ((reason: Error) => void) | undefined;
}

/** Watches of files. Each calls back once at the start, so that a change just before is not missed. */
export interface Watches {
  /** Calls with names that appear, change or go in a folder, '' for the folder itself (as it is found, comes, goes or changes). */
  watchFolder(path: string, onName: (name: string) => void, options?: WatchOptions): Watch;
  /**
   * Calls when the file behind a path may be another one or have another text: also where a symbolic link on the way to it
   * is set anew, and where the file or its folder is missing now and comes later. The path may be relative.
   */
  watchFile(path: string, onChange: () => void, options?: WatchOptions): Watch;
}

export interface Clock {
  /** Milliseconds since the epoch. An administrator can set this clock; for deadlines take bootMs. */
  now(): number;
  /** Milliseconds since the boot, suspended time included (CLOCK_BOOTTIME): one clock for all processes, which no one can set. */
  bootMs(): number;
  /** Ends early, without an error, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What this process is. */
export interface Self {
  readonly pid: number;
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The one boundary to the machine. Every stage gets it, or the capability of it that the stage needs, as an argument, so
 * that each stage is tested with a fake. One contract suite holds the fake and the real system to the same behaviour.
 */
export type System = Processes & Files & Streams & Sockets & Servers & Watches & Clock & Self;

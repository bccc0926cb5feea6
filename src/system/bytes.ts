import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileError, orMissing, spawnError } from './errno.ts';
import { startReadAhead } from './read-ahead.ts';
import { signalGroup, spawnOrFail, toolEnvironment } from './spawn.ts';
import type { Argv, ByteSink, CommandResult, ReadBytesOptions } from './system.ts';

const CHUNK = 256 * 1024;
/** Milliseconds of reading in one go: other work of this process waits no longer than that. */
const SLICE_MS = 8;

/**
 * See `Streams.readBytes`. The kernel gives 4 KiB of a table a call, and a call through Node's thread pool costs as much as the
 * kernel's own work: it is read at once, in slices between which other work has its turn.
 */
export async function readBytes(path: string, onBytes: ByteSink, { ahead = false }: ReadBytesOptions = {}) {
  const opened = Promise.resolve().then(() => openSync(path, 'r'));
  const file = await orMissing(opened, { missing: undefined, action: 'read', path });
  if (file === undefined) return false;
  const thread = ahead && availableParallelism() > 1 ? startReadAhead(file, path) : undefined;
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let until = performance.now() + SLICE_MS; ; ) {
      if (thread?.isReady()) {
        await thread.rest(onBytes, SLICE_MS);
        return true;
      }
      const count = readPiece(file, buffer, path);
      if (count === 0) return true;
      onBytes(buffer, count);
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + SLICE_MS;
    }
  } finally {
    await thread?.stop();
    closeSync(file);
  }
}

function readPiece(file: number, buffer: Buffer, path: string): number {
  try {
    return readSync(file, buffer, 0, CHUNK, null);
  } catch (cause) {
    throw fileError(cause, 'read', path);
  }
}

/** See `Streams.runBytes`. */
export function runBytes(argv: Argv, onBytes: ByteSink, timeoutMs = 60_000): Promise<CommandResult> {
  const [command, ...args] = argv;
  const child = spawnOrFail(command, args, {
    ...{ env: toolEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  });
  const notStarted = (cause: Error): CommandResult => {
    const error = spawnError(cause, command);
    if (error.code !== 'TOOL_MISSING') throw error;
    return { code: 127, stdout: '', stderr: error.message };
  };
  if (child instanceof Error) return Promise.resolve(child).then(notStarted);
  return new Promise((resolve, reject) => {
    let complaint = '';
    const timer = setTimeout(() => {
      complaint += `${command} did not end within ${timeoutMs} ms`;
      signalGroup(child, 'SIGKILL');
    }, timeoutMs);
    let thrown: { readonly error: unknown } | undefined;
    child.stdout?.on('data', (chunk: Buffer) => {
      if (thrown) return;
      try {
        onBytes(chunk, chunk.length);
      } catch (error) {
        thrown = { error };
        signalGroup(child, 'SIGKILL');
      }
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-4000);
    });
    child.on('error', (cause) => Promise.resolve(cause).then(notStarted).then(resolve, reject));
    child.on('close', (code) => {
      clearTimeout(timer);
      if (thrown) reject(thrown.error);
      else if (child.pid !== undefined) resolve({ code: code ?? 1, stdout: '', stderr: complaint });
    });
  });
}

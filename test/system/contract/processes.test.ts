import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { realSystem } from '../../../src/system/real.ts';
import type { Argv, Clock, Processes } from '../../../src/system/system.ts';
import { failed, missing, notStarted, scriptedSystem } from '../../support/scripted-system.ts';

/** Commands that a contract is tried on; in the fake the same words are scripted. */
interface Bench {
  readonly system: Processes & Clock;
  /** A process that is there. */
  readonly pid: number;
  readonly folder: string;
  /** Makes what streams under this command write a line. */
  say(argv: Argv, line: string): void;
  /** Lets the stream of this command end by itself. */
  end(argv: Argv, stream: { write(line: string): void }): void;
  close(): void;
}

const ECHO: Argv = ['sh', '-c', 'cat; echo words >&2; exit 3'];
const MISSING: Argv = ['/nonexistent/nft'];
const ONE_LINE: Argv = ['sh', '-c', 'echo line'];
const SLEEPING: Argv = ['sleep', '1000'];

function realBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
  writeFileSync(join(folder, 'nft'), '#!/bin/sh\n', { mode: 0o600 });
  chmodSync(join(folder, 'nft'), 0o600);
  return {
    ...{ system: realSystem, folder, pid: process.pid },
    say: () => {},
    end: (_, stream) => stream.write('end'),
    close: () => rmSync(folder, { recursive: true }),
  };
}

function fakeBench(): Bench {
  const folder = '/tmp/portfence-contract';
  const commands = {
    [ECHO.join(' ')]: (_: Argv, { input = '' }) => ({ code: 3, stdout: input, stderr: 'words\n' }),
    [MISSING.join(' ')]: missing(MISSING[0]),
    [`${folder}/nft`]: notStarted(`${folder}/nft`, 'EACCES'),
    [SLEEPING.join(' ')]: failed(124, 'sleep did not end within 50 ms'),
  };
  const stat = `4711 (node) S ${Array.from({ length: 30 }, (_, i) => i).join(' ')}`;
  const system = scriptedSystem({ commands, files: { '/proc/4711/stat': stat } });
  return {
    ...{ system, folder, pid: 4711 },
    say: (argv, line) => system.feeds.get(argv.join(' '))?.(line),
    end: (argv) => system.endStream(argv.join(' ')),
    close: () => {},
  };
}

describe.each([
  ['on the machine', realBench],
  ['in the fake', fakeBench],
] as const)('processes %s', (_, make) => {
  let bench: Bench;
  beforeEach(() => {
    bench = make();
  });
  afterEach(() => bench.close());

  test('a command ends with its code, its output and its words', async () => {
    expect(await bench.system.run(ECHO, { input: 'input' })).toEqual({ code: 3, stdout: 'input', stderr: 'words\n' });
  });

  test('a command that does not exist is another thing than one that can not be started', async () => {
    expect(await bench.system.run(MISSING)).toEqual({
      ...{ code: 127, stdout: '', stderr: '/nonexistent/nft is missing' },
    });
    const path = join(bench.folder, 'nft');
    await expect(bench.system.run([path])).rejects.toMatchObject({
      ...{ code: 'SYSTEM', errno: 'EACCES', message: `can't start ${path}: permission denied` },
      hint: 'run it as root, or change who may use it',
    });
  });

  test('a command that runs out of time says so', async () => {
    const { code, stderr } = await bench.system.run(SLEEPING, { timeoutMs: 50 });
    expect([code, stderr]).toEqual([124, 'sleep did not end within 50 ms']);
  });

  test('a stream gives lines, and has ended when its command ends', async () => {
    const lines: string[] = [];
    const stream = bench.system.streamCommand(ONE_LINE, (line) => lines.push(line));
    bench.say(ONE_LINE, 'line');
    await vi.waitFor(() => expect(lines).toEqual(['line']));
    bench.end(ONE_LINE, { write: () => {} });
    await stream.ended;
  });

  test('a stream that is stopped has ended', async () => {
    const stream = bench.system.streamCommand(SLEEPING, () => {});
    await stream.stop();
    await stream.ended;
  });

  test('a coprocess answers lines, and ignores what is written after its end', async () => {
    const command: Argv = ['sh', '-c', 'read -r line; echo "$line"; read -r line'];
    const lines: string[] = [];
    const coprocess = bench.system.startCoprocess(command, (line) => lines.push(line));
    coprocess.write('hello');
    bench.say(command, 'hello');
    await vi.waitFor(() => expect(lines).toEqual(['hello']));
    bench.end(command, coprocess);
    await coprocess.ended;
    coprocess.write('too late');
  });

  test('a child is there until it is stopped', async () => {
    const child = await bench.system.startChild(['sh', '-c', 'echo ready; cat']);
    let over = false;
    void child.ended.then(() => {
      over = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    await child.stop();
    await child.ended;
  });

  test('a lock is held by one at a time, and the next one gets it', async () => {
    const path = join(bench.folder, 'lock');
    const first = await bench.system.lock(path, 0);
    expect(await bench.system.lock(path, 0)).toBeUndefined();
    const waiting = bench.system.lock(path, 5000);
    await first?.release();
    const second = await waiting;
    expect(second).toBeDefined();
    await second?.release();
  });

  test('a process has one identity for its life, and one that is not there has none', async () => {
    const identity = await bench.system.processIdentity(bench.pid);
    expect(identity).toMatch(new RegExp(`^${bench.pid}@\\d+$`));
    expect(await bench.system.processIdentity(bench.pid)).toBe(identity);
    expect(await bench.system.processIdentity(2 ** 22 + 1)).toBeUndefined();
  });

  test('time since the boot goes on with the clock, and sleep ends early when it is told to', async () => {
    const [now, boot] = [bench.system.now(), bench.system.bootMs()];
    await bench.system.sleep(30);
    expect(bench.system.now() - now).toBeGreaterThanOrEqual(29);
    expect(bench.system.bootMs() - boot).toBeGreaterThanOrEqual(10); // The kernel tells hundredths of a second.
    await bench.system.sleep(1_000_000, AbortSignal.abort());
  });
});

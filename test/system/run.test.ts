import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { startCoprocess } from '../../src/system/child.ts';
import { processIdentity } from '../../src/system/process-identity.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { needs } from '../support/needs.ts';

/** Root may start as many processes as it likes. */
const NOBODY = ['setpriv', '--reuid=65534', '--clear-groups'] as const;
const isGone = (pid: number) => vi.waitFor(async () => expect(await processIdentity(pid)).toBeUndefined());

test('a time-out ends all that the command started', async () => {
  const started = await run(['sh', '-c', 'sleep 1000 & echo $!; wait'], { timeoutMs: 200 });
  expect(started.code).toBe(124);
  await isGone(Number(started.stdout));
});

test('a time-out comes also where a process of another session holds the output open', async () => {
  const started = await run(['sh', '-c', 'setsid sleep 1000 & echo $!; wait'], { timeoutMs: 200 });
  expect(started.code).toBe(124);
  process.kill(Number(started.stdout), 'SIGKILL');
});

test('a signal of ours ends all that the command started', async () => {
  const controller = new AbortController();
  const running = run(['sh', '-c', 'sleep 1000 & wait'], { signal: controller.signal });
  controller.abort();
  expect(await running).toMatchObject({ stderr: 'sh was ended by SIGKILL' });
});

test('output is bounded', async () => {
  const { code, stdout, stderr } = await run(['yes'], { largestOutput: 100_000 });
  expect([code, stderr, stdout.length <= 100_000]).toEqual([125, 'yes wrote more than 100000 bytes', true]);
});

test('Ctrl-C ends us and the command that we run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-run-'));
  const file = join(folder, 'pids');
  const program = `
    const { run } = await import(${JSON.stringify(new URL('../../dist/system/run.js', import.meta.url))});
    await run(['sh', '-c', ${JSON.stringify(`echo $PPID $$ > ${file}; exec sleep 1000`)}]);`;
  const parent = startCoprocess([process.execPath, '--input-type=module', '-e', program], () => {});
  const pids = () => readFile(file, 'utf8').then((text) => text.trim().split(' ').map(Number));
  await vi.waitFor(async () => expect(await pids()).toHaveLength(2), 10_000);
  const [pid = 0, child = 0] = await pids();
  process.kill(pid, 'SIGINT');
  await parent.ended;
  await isGone(child);
  await rm(folder, { recursive: true });
});

needs('root')('limits of the machine', () => {
  /** A process without privileges that runs `true` after its limit was set from outside, and prints how that ended. */
  const underLimit = async (limit: string): Promise<unknown> => {
    const program = `
      const { run } = await import(${JSON.stringify(new URL('../../dist/system/run.js', import.meta.url))});
      const { readFileSync } = await import('node:fs');
      console.log(process.pid);
      process.stdin.once('data', async () => { 
        console.log(JSON.stringify(await run(['true']).catch((error) => error)));
        process.exit();
      });`;
    const argv: Argv = [...NOBODY, process.execPath, '--input-type=module', '-e', program];
    const lines: string[] = [];
    const child = startCoprocess(argv, (line) => lines.push(line));
    await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
    await run([...NOBODY, 'prlimit', '--pid', lines[0] ?? '', limit]);
    child.write('go');
    await child.ended;
    return JSON.parse(lines[1] ?? 'null');
  };

  test('no more processes is another thing than a command that is missing', async () => {
    expect(await underLimit('--nproc=1')).toMatchObject({ code: 'SYSTEM', errno: 'EAGAIN' });
  });

  test('no more open files is another thing than a command that is missing', async () => {
    expect(await underLimit('--nofile=20')).toMatchObject({ code: 'SYSTEM', errno: 'EMFILE' });
  });
});

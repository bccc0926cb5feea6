import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { startCoprocess, streamCommand } from '../../src/system/child.ts';
import { processIdentity } from '../../src/system/process-identity.ts';

const isGone = (pid: number) => vi.waitFor(async () => expect(await processIdentity(pid)).toBeUndefined());
const STAYS = ['sh', '-c', 'echo $$; exec sleep 1000'] as const;
const READS = ['sh', '-c', 'echo $$; exec cat'] as const;

/** A process that starts a child in this way and repeats its lines; gives what it prints. */
async function parentOf(how: 'streamCommand' | 'startCoprocess', argv: readonly string[]) {
  const program = `
    const child = await import(${JSON.stringify(new URL('../../dist/system/child.js', import.meta.url))});
    child.${how}(${JSON.stringify(argv)}, (line) => console.log(process.pid + ' ' + line));`;
  const lines: string[] = [];
  const parent = startCoprocess([process.execPath, '--input-type=module', '-e', program], (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
  const [pid = 0, child = 0] = (lines[0] ?? '').split(' ').map(Number);
  return { parent, pid, child };
}

test.each([
  ['streamCommand', STAYS],
  ['startCoprocess', READS],
] as const)('a child of %s ends with its parent, also by kill -9', async (how, argv) => {
  const { parent, pid, child } = await parentOf(how, argv);
  expect(await processIdentity(child)).toBeDefined();
  process.kill(pid, 'SIGKILL');
  await parent.ended;
  await isGone(child);
});

test('a stream that is stopped ends a command that ignores to be asked', async () => {
  const lines: string[] = [];
  const stream = streamCommand(['sh', '-c', 'trap "" TERM; echo $$; while :; do sleep 1000; done'], (line) => {
    lines.push(line);
  });
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  await stream.stop();
  await isGone(Number(lines[0]));
});

test('a command that does not exist has ended', async () => {
  await streamCommand(['/nonexistent/command'], () => {}).ended;
  await startCoprocess(['/nonexistent/command'], () => {}).ended;
});

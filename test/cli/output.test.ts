import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portfence-output-'));
  writeFileSync(
    join(folder, 'acl.txt'),
    'acl web\n  subnet s\n  out 100 allow tcp 443 0.0.0.0/0\n  in 100 allow tcp 40000-41999 0.0.0.0/0\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A check whose answer is no, with its output led somewhere; the code is the command's own. */
async function answered(redirection: string) {
  const line = `"$@" ${redirection}; echo "\${PIPESTATUS[0]}" >&2`;
  const check = ['acl', 'check', '--file', join(folder, 'acl.txt'), '--ports', '49152-61000', '--protocol', 'tcp'];
  const { stderr } = await run(
    ['bash', '-c', line, 'bash', ...COMMAND, ...check, '--port', '443', '--subnet', 's', '--families', 'ipv4'],
    {
      env: { PORTFENCE_STATE_DIR: join(folder, 'state') },
    },
  );
  const lines = stderr.trim().split('\n');
  return { code: lines.at(-1), words: lines.slice(0, -1) };
}

test('an answer of no that is read whole ends in 1', async () => {
  expect(await answered('> /dev/null')).toEqual({ code: '1', words: [] });
});

test('a reader that ends before the answer comes leaves its code', async () => {
  expect(await answered('| true')).toEqual({ code: '1', words: [] });
});

test('an answer that can not be written ends in 3, and never in 1, which is an answer', async () => {
  expect(await answered('> /dev/full')).toEqual({
    code: '3',
    words: [
      "portfence: can't write the answer to standard output: no space is left",
      '  -> make room: `df -h` and `df -i` show what is full',
    ],
  });
});

test('help that can not be written ends in 3', async () => {
  const { stderr } = await run(['bash', '-c', '"$@" > /dev/full; echo $? >&2', 'bash', ...COMMAND, '--help']);
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('no space is left'), expect.anything(), '3']);
});

test('messages that nothing reads end nothing', async () => {
  const line = `"$@" 2>&1 >/dev/null | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout } = await run(['bash', '-c', line, 'bash', ...COMMAND, 'plan', '--policy', folder]);
  expect(stdout).toBe('3\n');
});

import { expect, test } from 'vitest';
import { failureText } from '../../src/cli/failure.ts';
import { EXIT, PortfenceError } from '../../src/errors.ts';
import { inProcess } from '../support/in-process.ts';
import type { Script } from '../support/scripted-system.ts';

const env = { PORTFENCE_STATE_DIR: '/state' };
/** What main would print for what the command throws. */
async function failureOf(args: readonly string[], script: Script) {
  const error = await inProcess(args, { env, ...script }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return failureText(error);
}

test.each<[string, Script, string, string]>([
  ['a folder', { folders: ['/policy'] }, "can't read /policy: it is a folder", 'name a file'],
  [
    'a file that may not be read',
    { files: { '/policy': '' }, failures: { '/policy': 'EACCES' } },
    "can't read /policy: permission denied",
    'run it as root, or change who may use it',
  ],
  [
    'a file of many bytes',
    { files: { '/policy': 'x'.repeat(1024 * 1024 + 1) } },
    "can't read /policy: it is larger than 1048576 bytes",
    'name the right file, or make it smaller',
  ],
  [
    'a file below a file',
    { files: { '/policy': '', '/other': '' }, links: {}, failures: { '/policy': 'ENOTDIR' } },
    "can't read /policy: a part of the path is not a folder",
    'correct the path',
  ],
])('a policy that is %s ends in one sentence with a remedy', async (_, script, sentence, remedy) => {
  for (const command of ['plan', 'apply', 'verify'])
    expect(await failureOf([command, '--policy', '/policy'], script)).toEqual({
      lines: [`portfence: ${sentence}`, `  -> ${remedy}`],
      exit: EXIT.refused,
    });
});

test.each([
  'null',
  '[]',
  '{"version":1}',
  '{"version":1,"before":[],"ours":{},"wanted":null}',
  '{"version":1,"before":{"a":1},"ours":{},"wanted":null}',
  '{"version":1,"before":{},"ours":{"a":"b"},"wanted":null}',
  '{"version":1,"before":{},"ours":{},"wanted":{}}',
  '{"version":1,"before":{},"ours":{},"wanted":{"policy":{"ports":[]}}}',
  '{"version":1,"before":{},"ours":{},"wanted":null,"pending":true}',
  '{"version":1,"before":{},"ours":{},"wanted":null,"draining":{}}',
  '{"version":1,"before":{},"ours":{},"wanted":null,"engines":[null]}',
  '{"version":1,"before":{},"ours":{},"wanted":null',
])('a state that says %s is damaged, and that is said', async (text) => {
  const { lines, exit } = await failureOf(['remove'], { files: { '/state/state.json': text } });
  expect(lines[0]).toBe('portfence: /state/state.json is damaged or was written by another version');
  expect([lines[1], exit]).toEqual([expect.stringContaining('  -> look at it, then delete it'), EXIT.refused]);
});

test('a system call that fails outside the boundary is no bug', () => {
  const call = (errno: string, more: object) =>
    failureText(Object.assign(new Error(`${errno}: words`), { code: errno, syscall: 'open', ...more }));
  expect(call('EMFILE', { path: '/lib/x.js' })).toEqual({
    lines: [
      "portfence: can't use /lib/x.js: too many files are open in this process",
      '  -> raise the limit: `ulimit -n`, LimitNOFILE= in a unit',
    ],
    exit: EXIT.refused,
  });
  expect(call('ECONNRESET', {}).lines).toEqual(['portfence: the system refused: ECONNRESET: words']);
});

test('what we did not foresee is a bug and comes with its stack', () => {
  expect(failureText(new TypeError('x'))).toMatchObject({
    lines: ['portfence: this is a bug; please report it with these lines', expect.stringContaining('TypeError: x')],
    exit: EXIT.refused,
  });
});

test('control characters in a path reach no terminal', async () => {
  const { lines } = await failureOf(['plan', '--policy', '/a\u001b[31m'], { folders: ['/a\u001b[31m'] });
  expect(lines[0]).toBe("portfence: can't read /a?[31m: it is a folder");
  expect(failureText(new PortfenceError('SYSTEM', 'x')).exit).toBe(EXIT.refused);
});

import { expect, test } from 'vitest';
import { nftWords, refusal } from '../../src/backends/nftables/script.ts';

const lines = [
  'add table inet portfence',
  'add chain inet portfence a',
  'add rule inet portfence a frob',
  'add chain inet portfence b',
  'add chain inet portfence c',
  'add chain inet portfence d',
];

test("our line with its number stands beside nft's words", () => {
  const error = refusal(
    { code: 1, stdout: '', stderr: '/dev/stdin:3:27-30: Error: syntax error, unexpected string\n' },
    lines,
  );
  expect(error).toMatchObject({ code: 'KERNEL_REFUSED', exitCode: 3 });
  expect(error.detail).toContain('> 3  add rule inet portfence a frob');
  expect(error.detail).toContain('unexpected string');
  expect(error.detail).not.toContain('inet portfence d');
});

test.each([
  [127, 'spawn nft ENOENT', 'TOOL_MISSING', /package nftables/],
  [1, 'Error: Could not process rule: Operation not permitted', 'NOT_ROOT', /CAP_NET_ADMIN/],
  [1, '/dev/stdin:1:1-9: Error: Could not process rule: No such file or directory', 'KERNEL_REFUSED', /kernel module/],
  [
    1,
    '/dev/stdin:1:1-9: Error: Could not process rule: Operation not supported',
    'KERNEL_REFUSED',
    /--backend iptables/,
  ],
])('exit %i with "%s" becomes %s with a remedy', (code, stderr, name, hint) => {
  expect(refusal({ code, stdout: '', stderr }, lines)).toMatchObject({ code: name, hint: expect.stringMatching(hint) });
});

test('what ran out of time was not refused: nobody knows what the kernel did', () => {
  const error = refusal({ code: 124, stdout: '', stderr: 'sh did not end within 30000 ms' }, lines);
  expect(error).toMatchObject({ code: 'SYSTEM', message: expect.stringContaining('not known') });
  expect(error.detail).not.toContain('add table');
});

test.each([
  [
    '/dev/stdin:3:59-62: Error: Could not process rule: Protocol error\nadd rule\n',
    'Could not process rule: Protocol error',
  ],
  ['internal:0:0-0: Error: Could not open file\u001b[0m "-"', 'Could not open file?[0m "-"'],
  ['\nsomething else\n', 'something else'],
  ['', 'nft ended with 1'],
])('nft says %j: its words are one line', (stderr, words) => {
  expect(nftWords({ code: 1, stdout: '', stderr })).toBe(words);
});

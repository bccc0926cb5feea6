import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';
import { LAUNCHER } from '../support/command-line.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['docs/which-range.md'];

/** What a page shows as typed (`$ portfence ...`), each with what it shows as printed. */
function shown(page: string): readonly { command: string; output: string }[] {
  const blocks = readFileSync(root + page, 'utf8').matchAll(/^ {4}\$ portfence (.*)\n((?: {4}.*\n|\n(?= {4}))*)/gm);
  return [...blocks].map(([, command = '', lines = '']) => ({
    command,
    output: lines.replace(/^ {4}/gm, '').trimEnd(),
  }));
}

const all = PAGES.flatMap((page) => shown(page).map((one) => ({ ...one, page })));

test('pages show commands', () => {
  expect(all.length).toBeGreaterThan(1);
});

test.each(all)('$page: portfence $command prints what is shown', async ({ command, output }) => {
  const { stdout } = await run(['env', '-C', root, process.execPath, LAUNCHER, ...command.split(' ')]);
  expect(stdout.trimEnd()).toBe(output);
});

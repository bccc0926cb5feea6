import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { holdNamespace } from '../../src/lab/namespace.ts';
import { run } from '../../src/system/run.ts';
import { commandLine, LAUNCHER } from '../support/command-line.ts';
import { expectGolden } from '../support/goldens.ts';
import { needs } from '../support/needs.ts';

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

needs('root', 'unshare')('pictures on pages', () => {
  test('are those that the command draws on a host without a fence', async () => {
    const namespace = await holdNamespace();
    const command = await commandLine(namespace);
    try {
      const out = join(command.folder, 'picture.svg');
      const flags = ['--file', join(root, 'examples/acl/two-services.txt'), '--subnet', 'builders', '--out', out];
      expect(await command.run(['acl', 'show', ...flags])).toMatchObject({ code: 0 });
      expectGolden(join(root, 'docs/pictures/which-range.svg'), readFileSync(out, 'utf8'));
    } finally {
      await command.close();
      await namespace.close();
    }
  });
});

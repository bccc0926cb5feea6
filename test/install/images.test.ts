import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { POLICY_FILE } from '../../src/install/paths.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { run } from '../../src/system/run.ts';
import { needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/images.md', import.meta.url)), 'utf8');

/** The user data in a snippet of Terraform: `<<-EOT` takes the indentation of the least indented line from all. */
function userDataIn(text: string): string {
  const [, lines = ''] = /<<-EOT\n([\s\S]*?)\n *EOT\n/.exec(text) ?? [];
  const least = Math.min(
    ...lines
      .split('\n')
      .map((line) => line.search(/\S/))
      .filter((at) => at >= 0),
  );
  return `${lines
    .split('\n')
    .map((line) => line.slice(least))
    .join('\n')}\n`;
}

test("the user data of the page's Terraform snippet brings a policy that is one, before it is installed", () => {
  const { write_files, runcmd } = parse(userDataIn(page), { version: '1.1' });
  expect(userDataIn(page)).toMatch(/^#cloud-config\n/);
  expect(write_files.map(({ path }: { path: string }) => path)).toEqual([POLICY_FILE]);
  expect(parsePolicy({ text: write_files[0].content, flags: {} }).policy).toEqual(samplePolicy);
  expect(runcmd).toEqual([['portfence', 'install', 'systemd']]);
});

needs('cloud-init')('cloud-init itself', () => {
  test('takes the user data of the page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portfence-user-data-'));
    try {
      const file = join(folder, 'user-data');
      await writeFile(file, userDataIn(page));
      const { code, stdout, stderr } = await run(['cloud-init', 'schema', '--config-file', file]);
      expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('Valid')]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

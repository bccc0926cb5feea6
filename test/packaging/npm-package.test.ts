import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/system/run.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tool = (name: string): string => join(root, 'node_modules/.bin', name);
let folder: string;
let file: string;
/** The package as npm would unpack it, in a project that has nothing else. */
let installed: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portfence-package-'));
  const packed = await run(['npm', 'pack', '--silent', '--prefix', root, '--pack-destination', folder, root], {
    timeoutMs: 110_000,
  });
  expect(packed.code, packed.stderr).toBe(0);
  file = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
  installed = join(folder, 'node_modules/portfence');
  await mkdir(installed, { recursive: true });
  await run(['tar', '-xzf', file, '-C', installed, '--strip-components', '1']);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('its command runs, and has its programs, without any other package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const asked = await run([process.execPath, join(installed, 'bin/portfence'), '--version']);
  expect(asked).toMatchObject({ code: 0, stdout: `${version}\n` });
  const sent = await run([process.execPath, join(installed, 'dist/verify/programs/send.js')], { input: '[]' });
  expect(sent).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
});

test('every file that a document of it links to is in it', async () => {
  const { stdout } = await run(['find', installed, '-name', '*.md']);
  const broken: string[] = [];
  for (const page of stdout.trim().split('\n'))
    for (const [, link = ''] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g))
      if ((await run(['test', '-e', join(page, '..', link)])).code !== 0) broken.push(`${page}: ${link}`);
  expect(broken).toEqual([]);
});

test.each([
  ['which-range.mjs', ['examples/acl/two-services.txt', 'builders'], 'safe: 49152-49999,51000-61000\n'],
  ['which-port.mjs', [], '203.0.113.10: one of 49152-61000\n10.1.2.3: port 40001 stays (not-ours)\n'],
] as const)('the example %s runs against it', async (name, args, answer) => {
  const [program, ...rest] = [join(installed, 'examples/api', name), ...args.map((one) => join(installed, one))];
  const words = args.length > 1 ? [...rest.slice(0, 1), args[1] ?? ''] : rest;
  const { code, stdout, stderr } = await run([process.execPath, program, ...words]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(answer);
});

test('its types serve a strict TypeScript project that checks the declarations too', async () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'uses.ts'),
    [
      "import { solve, type PortAnswer, type Question } from 'portfence/acl';",
      "import { readSavedRules, walk } from 'portfence/nat';",
      "import { compile, readPolicy, ANY_HOST, type Plan } from 'portfence/plan';",
      "import { parsePorts } from 'portfence/ports';",
      'export const plan: Plan = compile(readPolicy("ports: 49152-61000").policy, ANY_HOST);',
      'export const answer = (question: Question): PortAnswer => solve(question);',
      'export const all = [walk, readSavedRules, parsePorts("1-2")];',
    ].join('\n'),
  );
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const { code, stdout } = await run([tool('tsc'), ...flags, join(folder, 'uses.ts')], { timeoutMs: 60_000 });
  expect(code, stdout).toBe(0);
});

test.each([
  ['publint', ['--strict']],
  ['attw', ['--profile', 'esm-only']],
] as const)('%s finds nothing to say', async (name, flags) => {
  const { code, stdout, stderr } = await run([tool(name), file, ...flags], { timeoutMs: 60_000 });
  expect(code, stdout + stderr).toBe(0);
});

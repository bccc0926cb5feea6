import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, step } from './run.mjs';
import { root, setUp } from './setup.mjs';

const args = process.argv.slice(2);
/** Two folders below the checkout like everything else that is built, since the lab finds its own programs by that. */
const program = join(root, 'dist/bench/main.js');
const bundler = join(root, 'node_modules/.bin/rolldown');
const flags = ['--format', 'esm', '--platform', 'node', '--file', program, '--log-level', 'warn'];

await exitWith(async () => {
  await setUp();
  await ensurePackages(args.includes('compare') ? WANTED.all : WANTED.base);
  await step('bundling the benches', bundler, [join(root, 'bench/main.ts'), ...flags]);
  try {
    return await run(process.execPath, [program, ...args]);
  } finally {
    rmSync(join(root, 'dist/bench'), { recursive: true, force: true }); // It must not be published.
  }
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { node } from './node.mjs';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, step } from './run.mjs';
import { root, setUp } from './setup.mjs';

/** Two folders below the checkout like everything else that is built, since the lab finds its own programs by that. */
const program = join(root, 'dist/chaos/main.js');
const bundler = join(root, 'node_modules/.bin/rolldown');
const flags = ['--format', 'esm', '--platform', 'node', '--file', program, '--log-level', 'warn'];

await exitWith(async () => {
  await setUp();
  await ensurePackages(WANTED.all);
  await step('bundling', bundler, [join(root, 'bench/chaos/main.ts'), ...flags]);
  try {
    return await run(node(), [program, ...process.argv.slice(2)]);
  } finally {
    rmSync(join(root, 'dist/chaos'), { recursive: true, force: true }); // It must not be published.
  }
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, step } from './run.mjs';
import { root, setUp } from './setup.mjs';

const args = process.argv.slice(2);
/** Two folders below the checkout like everything else that is built, since the lab finds its own programs by that. */
const folder = join(root, 'dist/bench');
const program = join(folder, 'main.js');
const loads = ['serve', 'load'].map((name) => join(root, `bench/dataplane/programs/${name}.ts`));
/** Those that need a real engine. */
const ENGINE = ['compare', 'dataplane', 'native'];
const bundler = join(root, 'node_modules/.bin/rolldown');
const flags = ['--format', 'esm', '--platform', 'node', '--dir', folder, '--log-level', 'warn'];

await exitWith(async () => {
  await setUp();
  await ensurePackages(args.some((arg) => ENGINE.includes(arg)) ? WANTED.all : WANTED.base);
  await step('bundling the benches', bundler, [join(root, 'bench/main.ts'), ...loads, ...flags]);
  try {
    return await run(process.execPath, [program, ...args]);
  } finally {
    rmSync(folder, { recursive: true, force: true }); // It must not be published.
  }
});

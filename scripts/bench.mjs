import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { node } from './node.mjs';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, step } from './run.mjs';
import { root, setUp } from './setup.mjs';

const args = process.argv.slice(2);
/** Two folders below the checkout like everything else that is built, since the lab finds its own programs by that. */
const folder = join(root, 'dist/bench');
const program = join(folder, 'main.js');
const programs = ['dataplane/programs/serve', 'dataplane/programs/load']
  .concat(['standing-nat/programs/new-flows', 'standing-nat/programs/look', 'fleet/programs/serve-agents'])
  .map((name) => join(root, `bench/${name}.ts`));
/** Those that need a real engine. */
const ENGINE = ['compare', 'dataplane', 'native'];
const bundler = join(root, 'node_modules/.bin/rolldown');
const flags = ['--format', 'esm', '--platform', 'node', '--dir', folder, '--log-level', 'warn'];

function wanted() {
  if (args.some((arg) => ENGINE.includes(arg))) return WANTED.all;
  return args.includes('fleet') ? WANTED.fleet : WANTED.base;
}

await exitWith(async () => {
  await setUp();
  await ensurePackages(wanted());
  await step('bundling the benches', bundler, [join(root, 'bench/main.ts'), ...programs, ...flags]);
  try {
    return await run(node(), [program, ...args]);
  } finally {
    rmSync(folder, { recursive: true, force: true }); // It must not be published.
  }
});

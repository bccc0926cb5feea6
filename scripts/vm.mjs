import { join } from 'node:path';
import process from 'node:process';
import { node, withNode } from './node.mjs';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run } from './run.mjs';
import { root, setUp } from './setup.mjs';

/** Takes virtual machines through everything that a host goes through: `npm run vm -- --help`. */
await exitWith(async () => {
  await setUp();
  await ensurePackages(WANTED.vm);
  return run(node(), [join(root, 'test/vm/main.ts'), ...process.argv.slice(2)], { env: withNode() });
});

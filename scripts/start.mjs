import { join } from 'node:path';
import process from 'node:process';
import { node } from './node.mjs';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, SetupFailure } from './run.mjs';
import { root, setUp } from './setup.mjs';

const args = process.argv.slice(2);

await exitWith(async () => {
  await setUp();
  await ensurePackages(args.includes('--docker') ? WANTED.all : WANTED.base);
  if (process.geteuid() !== 0)
    throw new SetupFailure('the lab makes network namespaces, which needs root\n  run: sudo npm start', 3);
  return run(node(), [join(root, 'bin/portfence'), 'lab', 'run', ...args]);
});

import { join } from 'node:path';
import process from 'node:process';
import { node, withNode } from './node.mjs';
import { ensurePackages, WANTED } from './packages.mjs';
import { exitWith, run, SetupFailure } from './run.mjs';
import { root, setUp } from './setup.mjs';

/** Tests that need what is missing skip by name, or fail where CI is set: that is theirs to say. */
async function tryPackages() {
  try {
    await ensurePackages(WANTED.test);
  } catch (error) {
    if (!(error instanceof SetupFailure) || error.code === 130) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
  }
}

await exitWith(async () => {
  await setUp();
  await tryPackages();
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  return run(node(), [vitest, 'run', ...process.argv.slice(2)], { env: withNode() });
});

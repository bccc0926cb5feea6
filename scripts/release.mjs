import { join } from 'node:path';
import process from 'node:process';
import { node, withNode } from './node.mjs';
import { ensurePackages, RELEASE } from './packages.mjs';
import { exitWith, run, SetupFailure } from './run.mjs';
import { root, setUp } from './setup.mjs';

const [what = '', ...args] = process.argv.slice(2);

/** Builds one thing that users install: `node scripts/release.mjs executable | deb | rpm | repo | image | try`. */
await exitWith(async () => {
  const wanted = RELEASE[what];
  if (wanted === undefined) throw new SetupFailure(`release: one of ${Object.keys(RELEASE).join(', ')}`, 2);
  await setUp();
  await ensurePackages(wanted);
  return run(node(), [join(root, `scripts/release/${what}.ts`), ...args], { env: withNode() });
});

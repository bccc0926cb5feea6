import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { withoutNode } from './node.mjs';
import { SetupFailure, step } from './run.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
/** What starts the scripts; everything else runs under the pinned Node. */
const OLDEST = [20, 19];

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new SetupFailure(`Node ${process.versions.node} is too old\n  install Node ${OLDEST.join('.')} or newer`, 3);
}

/** Whether every package is there in the version that the lock file names. */
function modulesAreCurrent() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const present = read(installed);
  return Object.entries(read(join(root, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || (optional && !present[path]) || present[path]?.version === version,
  );
}

/** Brings node_modules and dist up to date, and does nothing where they are. */
export async function setUp() {
  checkNode();
  process.chdir(root);
  if (!modulesAreCurrent()) await step('npm ci', 'npm', ['ci', '--no-audit', '--no-fund'], { env: withoutNode() });
  await ensureBuilt();
}

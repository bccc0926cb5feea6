import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { exitWith, run, step } from './run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist/.stamp');
const COMPILER = [join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.json')]];

/** The state of everything the build depends on. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of [...files, join(root, 'tsconfig.json'), join(root, 'package-lock.json')].sort()) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

/** What has lost its source must not be imported or published any more. */
function removeOrphans() {
  for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const source = file.replace(join(root, 'dist'), join(root, 'src')).replace(/\.js(\.map)?$/, '.ts');
    if (entry.isFile() && /\.js(\.map)?$/.test(entry.name) && !existsSync(source)) rmSync(file);
  }
}

function finish(state) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  removeOrphans();
  writeFileSync(stamp, state);
}

/** Builds where `dist` is missing or is not made from the present sources. */
export async function ensureBuilt() {
  const state = fingerprint();
  const isFresh =
    existsSync(join(root, 'dist/cli/main.js')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === state;
  if (isFresh) return;
  await step('building', ...COMPILER);
  finish(state);
}

async function build() {
  const state = fingerprint();
  const code = await run(...COMPILER);
  if (code === 0) finish(state);
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await exitWith(build);

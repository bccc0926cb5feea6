import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { exitWith, run, step } from './run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist/.stamp');
const COMPILER = [join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.json')]];
const bundle = join(root, 'dist/bundle');
/** One file with everything that a command needs starts in half the time of two hundred small ones. */
const BUNDLER = [
  join(root, 'node_modules/.bin/rolldown'),
  [join(root, 'dist/cli/main.js'), '--format', 'esm', '--platform', 'node', '--dir', bundle, '--log-level', 'warn'],
];

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
  rmSync(bundle, { recursive: true, force: true });
}

/** Compiles and bundles with the given way of running a command; the stamp comes last, so that a half build is none. */
async function buildWith(runStep) {
  const state = fingerprint();
  mkdirSync(join(root, 'dist'), { recursive: true });
  rmSync(stamp, { force: true });
  const compiled = await runStep('compiling', ...COMPILER);
  if (compiled) return compiled;
  removeOrphans();
  const bundled = await runStep('bundling', ...BUNDLER);
  if (bundled) return bundled;
  writeFileSync(stamp, state);
  return 0;
}

/** Builds where `dist` is missing or is not made from the present sources. */
export async function ensureBuilt() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return;
  await buildWith(step);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await exitWith(() => buildWith((_, command, args) => run(command, args)));
}

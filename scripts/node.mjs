import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { SetupFailure } from './run.mjs';

const OLDEST = 24;
const bins = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));
const pinned = join(bins, 'node');

/** The Node that the project is built, tested and shipped with. Throws SetupFailure where none is to be had. */
export function node() {
  if (existsSync(pinned)) return realpathSync(pinned);
  if (Number(process.versions.node.split('.')[0]) >= OLDEST) return process.execPath;
  throw new SetupFailure(
    `Node ${process.versions.node} is too old, and the pinned Node is not installed\n  run: npm ci --include=optional`,
    3,
  );
}

/** The environment in which `#!/usr/bin/env node` means the pinned Node, also where npm did not start us. */
export const withNode = () => ({ PATH: [bins, ...foldersWithoutBins()].join(delimiter) });

/** The environment for what replaces node_modules: it must not run from there. */
export const withoutNode = () => ({ PATH: foldersWithoutBins().join(delimiter) });

const foldersWithoutBins = () => (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== bins);

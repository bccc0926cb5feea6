import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, must, root } from './project.ts';

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

/** What the lock file says of the pinned Node. */
export function lockedNode(architecture: Architecture): Locked {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return packages[`node_modules/node-linux-${architecture}`];
}

/** The folder of the pinned Node of an architecture: npm's where it installed it, else a copy of the package that is checked against the lock file. */
export async function nodeFolder(architecture: Architecture): Promise<string> {
  const name = `node-linux-${architecture}`;
  const installed = join(root, 'node_modules', name);
  if (existsSync(installed)) return installed;
  const { version, integrity } = lockedNode(architecture);
  const folder = join(root, 'node_modules/.cache', `${name}-${version}`);
  if (existsSync(join(folder, 'whole'))) return join(folder, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [packed] = JSON.parse(
    await must(['npm', 'pack', `${name}@${version}`, '--json', '--pack-destination', folder]),
  );
  const file = join(folder, packed.filename);
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${version} is not what package-lock.json names`);
  await must(['tar', '-xzf', file, '-C', folder]);
  rmSync(file);
  mkdirSync(join(folder, 'whole'));
  return join(folder, 'package');
}

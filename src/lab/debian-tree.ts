import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import { lock } from '../system/lock.ts';
import { run } from '../system/run.ts';
import { privateFolder } from './private-folder.ts';

export interface TreeSpec {
  /** The folder in the cache that holds trees of this kind. */
  readonly cache: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Debian's name of another architecture: its packages are fetched, and `settle` unpacks them, since nothing of it runs here. */
  readonly foreign?: string;
  /** Raise it when `settle` changes, so that trees of an earlier form are built anew. */
  readonly form: number;
  /** What differs from an ordinary installation. */
  readonly settle?: (tree: string) => Promise<void>;
}

const BUILD_MS = 600_000;

/**
 * The folder of a Debian of that suite with these packages; no caller writes to it. It is built by debootstrap(8) with the first
 * call, which takes a minute or two, and kept in the user's cache (else in the temporary folder) for the next. Throws
 * TOOL_MISSING without debootstrap, SYSTEM with its words where it fails.
 */
export async function debianTree(spec: TreeSpec, say: (line: string) => void = () => {}): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), spec.cache);
  const stamp = createHash('sha256')
    .update(JSON.stringify([spec.suite, spec.packages, spec.form, ...(spec.foreign ? [spec.foreign] : [])]))
    .digest('hex')
    .slice(0, 12);
  await privateFolder(cache); // What is in it will be run as root.
  const tree = join(cache, `${spec.suite}-${stamp}`);
  if (await isThere(tree)) return tree;
  const held = await lock(join(cache, 'lock'), BUILD_MS);
  try {
    if (!(await isThere(tree))) {
      say(`building a Debian ${spec.suite} in ${tree}`);
      await build(tree, spec);
    }
  } finally {
    await held?.release();
  }
  return tree;
}

/** A tree gets its name when it is whole. */
const isThere = (tree: string): Promise<boolean> =>
  stat(tree).then(
    () => true,
    () => false,
  );

async function build(tree: string, { suite, packages, foreign, settle }: TreeSpec): Promise<void> {
  const making = `${tree}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  const include = `--include=${packages.join(',')}`;
  const other = foreign === undefined ? [] : ['--foreign', `--arch=${foreign}`];
  const argv = ['debootstrap', ...other, '--variant=minbase', include, suite, making] as const;
  const done = await run(argv, { timeoutMs: BUILD_MS });
  if (done.code !== 0) {
    await rm(making, { recursive: true, force: true });
    const missing = done.code === 127;
    throw new PortfenceError(
      missing ? 'TOOL_MISSING' : 'SYSTEM',
      missing ? 'debootstrap is missing' : `debootstrap ended with ${done.code}`,
      {
        hint: 'install the package debootstrap',
        detail: (done.stdout + done.stderr).trim().split('\n').slice(-8).join('\n'),
      },
    );
  }
  await settle?.(making);
  await rename(making, tree);
}

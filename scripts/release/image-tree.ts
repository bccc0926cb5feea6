import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import process from 'node:process';
import { debianTree, type TreeSpec } from '../../src/lab/debian-tree.ts';
import { type Architecture, must } from './project.ts';

/** What the fence asks of a machine besides its kernel; perl-base is part of every Debian. */
export const PACKAGES = ['nftables', 'iptables', 'conntrack', 'iproute2', 'ca-certificates'];
const DEBIAN_NAMES = { x64: 'amd64', arm64: 'arm64' } as const;
const SPEC: TreeSpec = { cache: 'portfence-image', suite: 'bookworm', packages: PACKAGES, form: 1 };

/**
 * The folder of the image's Debian; no caller writes to it. That of the other architecture is put together without running anything of
 * it: its packages unpacked, and what the packages' scripts made in the tree of this machine.
 */
export async function imageTree(architecture: Architecture): Promise<string> {
  const native = await debianTree(SPEC);
  if (architecture === process.arch) return native;
  return debianTree({ ...SPEC, foreign: DEBIAN_NAMES[architecture], settle: (tree) => putTogether(tree, native) });
}

/** debootstrap(8) has fetched the packages, and unpacked those that a second stage would run. */
async function putTogether(tree: string, native: string): Promise<void> {
  const archives = join(tree, 'var/cache/apt/archives');
  const debs = (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort();
  const stanzas: string[] = [];
  for (const name of debs) {
    const deb = join(archives, name);
    // Links of folders stay: /bin is one of them.
    const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';
    await must(['sh', '-c', unpack, 'sh', deb, tree]);
    stanzas.push((await must(['dpkg-deb', '--field', deb])).replace('\n', '\nStatus: install ok installed\n'));
  }
  for (const path of ['debootstrap', 'var/cache/apt/archives', 'proc'])
    await rm(join(tree, path), { recursive: true, force: true });
  await mkdir(join(tree, 'proc')); // A link to this machine's, where no second stage has run.
  await mkdir(join(tree, 'var/lib/dpkg'), { recursive: true });
  await writeFile(join(tree, 'var/lib/dpkg/status'), stanzas.join('\n'));
  const made = (await madeByScripts(native)).filter((path) => !NOT_SHARED.test(path));
  const missing = await Promise.all(made.map(async (path) => ((await isThere(join(tree, path))) ? [] : [path])));
  await must(['tar', '-C', native, '--null', '-T', '-', '-cf', join(tree, '.made.tar')], {
    input: missing.flat().join('\0'),
  });
  await must(['tar', '-x', '--keep-directory-symlink', '-C', tree, '-f', join(tree, '.made.tar')]);
  await rm(join(tree, '.made.tar'));
}

/** Belongs to one architecture, or to the packages' own programs. */
const NOT_SHARED =
  /^(?:dev|proc|sys|run|tmp|var\/(?:cache|log|lib\/(?:apt|dpkg))|etc\/ld\.so\.cache|usr\/lib(?:64)?\/)/;

/** Paths of files and links that no package holds: scripts of packages have made them. */
async function madeByScripts(native: string): Promise<readonly string[]> {
  const info = join(native, 'var/lib/dpkg/info');
  const lists = (await readdir(info)).filter((name) => name.endsWith('.list'));
  const held = new Set<string>();
  for (const list of lists)
    for (const path of (await readFile(join(info, list), 'utf8')).split('\n')) held.add(unified(path.slice(1)));
  const all = await readdir(native, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(native, join(entry.parentPath, entry.name)))
    .filter((path) => unified(path) === path && !held.has(path));
}

/** Packages name files below /bin, /lib and /sbin, which are links into /usr (Debian's merged /usr). */
const unified = (path: string): string => path.replace(/^(bin|sbin|lib|lib64)\//, 'usr/$1/');

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

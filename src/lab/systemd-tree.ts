import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { PortfenceError } from '../errors.ts';
import { lock } from '../system/lock.ts';
import { removeTree } from '../system/real.ts';
import { run } from '../system/run.ts';

const SUITE = 'bookworm';
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'util-linux', 'iproute2', 'procps', 'libstdc++6'],
  ...['nftables', 'iptables', 'conntrack', 'docker.io', 'ca-certificates'],
];
/** Raise it when `settle` changes, so that trees of an earlier form are built anew. */
const FORM = 1;
const BUILD_MS = 600_000;

/**
 * The folder of a whole Debian with systemd and Docker, to boot from; nobody writes to it. It is built by debootstrap(8) with
 * the first call, which takes a minute or two, and kept in the user's cache (else in the temporary folder) for the next.
 * Throws TOOL_MISSING without debootstrap, SYSTEM with its words where it fails.
 */
export async function systemdTree(say: (line: string) => void = () => {}): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'portfence-systemd');
  const stamp = createHash('sha256')
    .update(JSON.stringify([SUITE, PACKAGES, FORM]))
    .digest('hex')
    .slice(0, 12);
  const tree = join(cache, `${SUITE}-${stamp}`);
  if (await isWhole(tree)) return tree;
  const held = await lock(join(cache, 'lock'), BUILD_MS);
  try {
    if (!(await isWhole(tree))) {
      say(`building a Debian ${SUITE} with systemd and Docker in ${tree}`);
      await build(tree);
    }
  } finally {
    await held?.release();
  }
  return tree;
}

const isWhole = (tree: string): Promise<boolean> =>
  readFile(join(tree, 'etc/machine-id'), 'utf8').then(
    () => true,
    () => false,
  );

async function build(tree: string): Promise<void> {
  const making = `${tree}.making`;
  await removeTree(making);
  await mkdir(making, { recursive: true });
  const include = `--include=${PACKAGES.join(',')}`;
  const done = await run(['debootstrap', '--variant=minbase', include, SUITE, making], { timeoutMs: BUILD_MS });
  if (done.code !== 0) {
    await removeTree(making);
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
  await settle(making);
  await rename(making, tree);
}

/** What has to differ from an ordinary host, since the kernel's own settings are those of the machine. */
async function settle(tree: string): Promise<void> {
  for (const path of ['usr/lib/sysctl.d', 'etc/sysctl.d', 'var/cache/apt', 'var/lib/apt/lists'])
    await rm(join(tree, path), { recursive: true, force: true });
  await mkdir(join(tree, 'etc/sysctl.d'));
  await writeFile(join(tree, 'etc/hostname'), 'portfence-lab\n');
  await writeFile(join(tree, 'etc/resolv.conf'), 'nameserver 203.0.113.10\n');
  // Without one systemd takes every boot for the first, and enables every unit.
  await writeFile(join(tree, 'etc/machine-id'), '31a460061b8e4f0ab3b6e356d5c7d932\n');
}

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { debianTree } from '../../src/lab/debian-tree.ts';

/** What nobody reads in a node: two fifths of the tree. */
const WITHOUT = [
  'var/cache/apt',
  'var/lib/apt/lists',
  ...['doc', 'info', 'locale', 'man'].map((one) => `usr/share/${one}`),
];

/** A Debian sid with the engines that Debian 12 has too old: containerd 2 and podman 5. Built and kept as `debianTree` does. */
export const sidTree = (): Promise<string> =>
  debianTree({
    cache: 'portfence-engines',
    suite: 'sid',
    packages: [
      ...['containerd', 'runc', 'containernetworking-plugins', 'podman', 'catatonit'],
      ...['nftables', 'iptables', 'conntrack', 'iproute2', 'procps'],
    ],
    form: 1,
    settle: async (tree) => {
      for (const path of WITHOUT) await rm(join(tree, path), { recursive: true, force: true });
    },
  });

/** Milliseconds; the first run has to build the tree. */
export const SID_TREE_MS = 900_000;

/** Engines of one age and of the next: the machine's own, and those of sid with all other programs of the host. */
export const ENGINES_OF = [
  ['this machine', async () => undefined],
  ['Debian sid', sidTree],
] as const;

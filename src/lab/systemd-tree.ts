import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianTree } from './debian-tree.ts';

const SPEC = {
  cache: 'portfence-systemd',
  packages: [
    ...['systemd', 'systemd-sysv', 'dbus', 'util-linux', 'iproute2', 'procps', 'libstdc++6'],
    ...['nftables', 'iptables', 'conntrack', 'docker.io', 'ca-certificates'],
    // What Ansible needs of a host.
    ...['python3', 'python3-apt'],
  ],
  form: 1,
  settle,
};

/** Debian 11 (nft 0.9.8, iptables 1.8.7, conntrack 1.4.6, systemd 247) and 12. */
export type Suite = 'bullseye' | 'bookworm';

/** The folder of a whole Debian with systemd and Docker, to boot from. Built and kept as `debianTree` does; throws as it does. */
export const systemdTree = (suite: Suite = 'bookworm', say?: (line: string) => void): Promise<string> =>
  debianTree({ ...SPEC, suite }, say);

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

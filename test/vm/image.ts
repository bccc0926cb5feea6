import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from '../../scripts/release/project.ts';
import { debianTree, type TreeSpec } from '../../src/lab/debian-tree.ts';

const INSIDE = fileURLToPath(new URL('inside/', import.meta.url));

/** Debian's releases; their kernels are 5.10, 6.1, 6.12, and whatever is newest. */
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'sid'] as const;
export type Suite = (typeof SUITES)[number];

/** What a machine is started from; nobody writes to it. */
export interface MachineImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** By debootstrap, which can't configure everything; the rest comes by apt within the tree. */
const BASE = ['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'ca-certificates', 'libstdc++6', 'procps', 'iproute2'];
const BY_APT = [
  ...['openssh-server', 'linux-image-cloud-amd64', 'initramfs-tools', 'nftables', 'iptables', 'conntrack'],
  ...['docker.io', 'apparmor', 'busybox-static', 'cloud-init'],
];
/** Later ones have the client and the second builder apart. */
const LATER = ['docker-cli', 'docker-buildx'];
const MACHINE_KEY = 'id_machine';
const DISK_SIZE = '6G';

/** The user's key for machines, made once beside the images. */
export const keyIn = (cache: string): string => join(cache, MACHINE_KEY);

/** The image of a Debian with Docker, an ACL and sshd; made with the first call, which takes some minutes, and kept in `cache`. */
export async function machineImage(cache: string, suite: Suite, say: (line: string) => void): Promise<MachineImage> {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const key = keyIn(cache);
  if (!existsSync(key)) await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const publicKey = await readFile(`${key}.pub`, 'utf8');
  const isLater = suite === 'trixie' || suite === 'sid';
  const spec: TreeSpec = {
    cache: 'portfence-vm-trees',
    suite,
    packages: BASE,
    form: 1,
    settle: async (tree) => {
      await installByApt(tree, [...BY_APT, ...(isLater ? LATER : [])]);
      await settle(tree, publicKey);
    },
  };
  const folder = join(cache, suite);
  const image = { disk: join(folder, 'disk'), kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd') };
  if (existsSync(folder)) return image;
  const tree = await debianTree(spec, say);
  const making = `${folder}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making);
  const boot = await readdir(join(tree, 'boot'));
  for (const [name, prefix] of [
    ['kernel', 'vmlinuz-'],
    ['initrd', 'initrd.img-'],
  ] as const) {
    const file = boot
      .filter((one) => one.startsWith(prefix))
      .sort()
      .at(-1);
    if (file === undefined) throw new Error(`${tree}/boot holds no ${prefix}*`);
    await copyFile(join(tree, 'boot', file), join(making, name));
  }
  say(`making a disk of ${tree}`);
  await must(['mke2fs', '-q', '-t', 'ext4', '-d', tree, join(making, 'disk'), DISK_SIZE]);
  await rm(tree, { recursive: true, force: true });
  await rename(making, folder);
  return image;
}

/** Starts no service: there is no systemd in the tree. */
const APT = `
set -e
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev"
cp -L /etc/resolv.conf "$1/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"
tree=$1; shift
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot "$tree" apt-get -q -o Acquire::Check-Valid-Until=false update
chroot "$tree" apt-get -q -y --no-install-recommends install "$@"
rm "$tree/usr/sbin/policy-rc.d"`;

async function installByApt(tree: string, packages: readonly string[]): Promise<void> {
  await must(['unshare', '--mount', 'sh', '-c', APT, 'sh', tree, ...packages]);
}

/** What makes a tree a machine that can be talked to. */
async function settle(tree: string, publicKey: string): Promise<void> {
  const write = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), text, { mode });
  };
  await write('etc/hostname', 'machine\n');
  await write('etc/fstab', '/dev/vda / ext4 rw 0 1\n');
  await write('root/.ssh/authorized_keys', publicKey, 0o600);
  // The way in for ssh alone; the way out is the one through the ACL.
  await write(
    'etc/systemd/network/10-in.network',
    '[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\n',
  );
  await write('etc/cloud/cloud.cfg.d/99-network.cfg', 'network: {config: disabled}\n');
  await write('etc/docker/daemon.json', '{"bip": "172.17.0.1/16"}\n');
  for (const file of await readdir(INSIDE))
    await write(`opt/acl/${file}`, await readFile(join(INSIDE, file), 'utf8'), file.endsWith('.sh') ? 0o755 : 0o644);
  const unit = [
    '[Unit]',
    'DefaultDependencies=no',
    'After=systemd-sysctl.service local-fs.target',
    'Before=network-pre.target docker.service',
    'Wants=network-pre.target',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/opt/acl/acl.sh',
    '[Install]',
    'WantedBy=sysinit.target',
  ];
  await write('etc/systemd/system/acl.service', `${unit.join('\n')}\n`);
  await must(['systemctl', '--root', tree, 'enable', 'acl.service', 'systemd-networkd.service', 'ssh.service']);
  for (const path of [
    'var/cache/apt/archives',
    'var/lib/apt/lists',
    'usr/share/doc',
    'usr/share/locale',
    'usr/share/man',
  ])
    await rm(join(tree, path), { recursive: true, force: true });
}

import process from 'node:process';
import { describe } from 'vitest';
import { isThere } from '../../scripts/found.mjs';
import { SKIPPED } from './skipped.ts';

/** What a test can need of the machine, where it is looked for, and what brings it. */
const NEEDS = {
  root: { remedy: 'run as root' },
  nft: { remedy: 'install nftables' },
  ip: { remedy: 'install iproute2' },
  conntrack: { remedy: 'install conntrack' },
  sysctl: { remedy: 'install procps' },
  unshare: { remedy: 'install util-linux' },
  iptables: { remedy: 'install iptables' },
  dockerd: { remedy: 'install docker.io' },
  docker: { remedy: 'install docker.io' },
  ipset: { remedy: 'install ipset' },
  busybox: { remedy: 'install busybox-static' },
  curl: { remedy: 'install curl' },
  slirp4netns: { remedy: 'install slirp4netns' },
  pasta: { remedy: 'install passt' },
  runc: { remedy: 'install runc' },
  'host-local': { remedy: 'install containernetworking-plugins' },
  netavark: { remedy: 'install netavark' },
  containerd: { remedy: 'install containerd' },
  podman: { remedy: 'install podman and runc' },
  catatonit: { remedy: 'install catatonit' },
  'dpkg-deb': { remedy: 'install dpkg' },
  strip: { remedy: 'install binutils' },
  'aarch64-linux-gnu-strip': { remedy: 'install binutils-aarch64-linux-gnu' },
  'x86_64-linux-gnu-strip': { remedy: 'install binutils-x86-64-linux-gnu' },
  'qemu-aarch64': { remedy: 'install qemu-user' },
  'qemu-x86_64': { remedy: 'install qemu-user' },
  gpg: { remedy: 'install gpg and gpg-agent' },
  'apt-ftparchive': { remedy: 'install apt-utils' },
  debootstrap: { remedy: 'install debootstrap' },
  'ansible-playbook': { remedy: 'install ansible-core' },
  'cloud-init': { remedy: 'install cloud-init' },
  prometheus: { remedy: 'install prometheus' },
  promtool: { remedy: 'install prometheus' },
  tmux: { remedy: 'install tmux' },
  chromium: { remedy: 'install chromium' },
  python3: { remedy: 'install python3' },
  openssl: { remedy: 'install openssl' },
  script: { remedy: 'install bsdutils' },
} as const;
/** Something that a test can need. */
export type Need = keyof typeof NEEDS;

const has = (need: Need): boolean => (need === 'root' ? process.geteuid?.() === 0 : isThere(need));

/**
 * `describe` where the machine has all of it, `describe.skip` with the missing tool's name where it has not.
 * Throws instead of skipping where CI is set, so that a run there never passes by testing nothing.
 */
export function needs(...wanted: readonly Need[]): (name: string, tests: () => void) => void {
  const missing = wanted.filter((need) => !has(need));
  if (missing.length === 0) return (name, tests) => describe(name, tests);
  const words = missing.map((need) => `${need} (${NEEDS[need].remedy})`).join(', ');
  if (process.env['CI']) throw new Error(`these tests need ${words}`);
  return (name, tests) => describe.skip(`${name}: ${SKIPPED} ${words}`, tests);
}

/** What the lab needs, Docker's part apart. */
export const LAB: readonly Need[] = ['root', 'nft', 'ip', 'sysctl', 'unshare'];
/** What the lab needs for NAT rules of every kind. */
export const NAT: readonly Need[] = [...LAB, 'iptables', 'conntrack'];
/** What the rules of the corpus need, and the machines that meet them. */
export const CORPUS: readonly Need[] = [...NAT, 'ipset', 'busybox'];
/** What an engine in the lab needs on top. */
export const ENGINE: readonly Need[] = [...LAB, 'dockerd', 'docker', 'iptables', 'busybox', 'curl'];
/** What a podman in the lab needs. */
export const PODMAN: readonly Need[] = [
  ...LAB,
  'conntrack',
  'podman',
  'runc',
  'host-local',
  'netavark',
  'iptables',
  'busybox',
  'curl',
];
/** What a containerd in the lab needs. */
export const CONTAINERD: readonly Need[] = [
  ...LAB,
  'conntrack',
  'containerd',
  'runc',
  'host-local',
  'iptables',
  'busybox',
  'curl',
];
/** What a whole host with systemd in the lab needs on top. */
export const SYSTEMD: readonly Need[] = [...ENGINE, 'conntrack', 'debootstrap'];

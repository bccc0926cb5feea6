import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { isThere } from './found.mjs';
import { SetupFailure, step, succeeds } from './run.mjs';

/** Command, and the packages that bring it: the first one that the distribution knows. */
const BASE = [
  ['nft', ['nftables'], 'loads the rules'],
  ['ip', ['iproute2'], 'makes links and routes'],
  ['conntrack', ['conntrack'], 'reads and frees connections'],
  ['sysctl', ['procps'], 'reads and sets port ranges'],
  ['unshare', ['util-linux'], 'makes namespaces'],
];
const DOCKER = [
  ['dockerd', ['docker.io'], 'a real engine for the lab; it is not started on this machine'],
  ['docker', ['docker-cli', 'docker.io'], "the engine's command line"],
  ['iptables', ['iptables'], 'the engine needs it'],
  ['busybox', ['busybox-static'], "the lab image's shell"],
  ['curl', ['curl'], "the lab image's downloads"],
];
/** Benches of many hosts. */
const FLEET = [
  ['prometheus', ['prometheus'], 'scrapes simulated hosts'],
  ['curl', ['curl'], 'asks it'],
];
/** Strips the Node of the other architecture. */
const OTHER_BINUTILS =
  process.arch === 'x64'
    ? ['aarch64-linux-gnu-strip', ['binutils-aarch64-linux-gnu'], 'strips the executable for arm64']
    : ['x86_64-linux-gnu-strip', ['binutils-x86-64-linux-gnu'], 'strips the executable for x64'];
/** Runs programs of the other architecture. */
const OTHER_QEMU =
  process.arch === 'x64'
    ? ['qemu-aarch64', ['qemu-user'], 'starts programs for arm64']
    : ['qemu-x86_64', ['qemu-user'], 'starts programs for x64'];
/** For the tests alone. */
const TEST = [
  ['ipset', ['ipset'], 'makes the sets that NAT rules of the corpus ask'],
  ['debootstrap', ['debootstrap'], 'a whole host with systemd for the lab'],
  ['slirp4netns', ['slirp4netns'], 'the network of rootless containers'],
  ['pasta', ['passt'], 'the same, as newer engines have it'],
  ['runc', ['runc'], 'runs the containers of podman'],
  ['podman', ['podman'], 'a second engine for the lab; it has no daemon'],
  ['catatonit', ['catatonit'], "the first process of podman's pods"],
  ['host-local', ['containernetworking-plugins'], 'networks of podman, as older ones have them'],
  ['containerd', ['containerd'], 'the engine of most clusters, driven over CRI'],
  ['netavark', ['netavark'], 'the same, as newer ones have them'],
  ['promtool', ['prometheus'], 'checks metrics and alert rules; it is not started on this machine'],
  ['chromium', ['chromium'], "opens the agent's page"],
  ['tmux', ['tmux'], 'drives the terminal view'],
  ['strip', ['binutils'], 'strips the executable'],
  OTHER_BINUTILS,
  OTHER_QEMU,
  ['gpg', ['gpg'], 'signs a repository'],
  ['gpg-agent', ['gpg-agent'], 'holds the key that signs'],
  ['apt-ftparchive', ['apt-utils'], 'lists the packages of a repository'],
  ['cloud-init', ['cloud-init'], 'checks user data; it stays switched off on this machine'],
  ['ansible-playbook', ['ansible-core'], "runs the project's role on hosts of the lab"],
  ['openssl', ['openssl'], 'a certificate for a stand-in of the API of Kubernetes'],
];
const EXECUTABLE = [['strip', ['binutils'], 'strips the executable'], OTHER_BINUTILS];
const RPM = [['rpmbuild', ['rpm'], 'builds rpm packages']];
const REPO = [
  ['apt-ftparchive', ['apt-utils'], 'lists the packages of an apt repository'],
  ['gpg', ['gpg'], 'signs repositories'],
  ['gpg-agent', ['gpg-agent'], 'holds the key that signs'],
  ['createrepo_c', ['createrepo-c'], 'lists the packages of a dnf repository'],
];
const TRY = [
  ['qemu-aarch64', ['qemu-user'], 'starts the executable for arm64'],
  ['lintian', ['lintian'], 'checks deb packages'],
  ['rpmlint', ['rpmlint'], 'checks rpm packages'],
  ['dnf', ['dnf'], 'installs rpm packages into a tree'],
  ['debootstrap', ['debootstrap'], 'makes a Debian to install into'],
  ['busybox', ['busybox-static'], 'a shell for a tree that has none'],
];
/** Virtual machines. */
const VM = [
  ['qemu-system-x86_64', ['qemu-system-x86'], 'runs virtual machines, by software emulation'],
  ['qemu-img', ['qemu-utils'], 'makes their disks'],
  ['debootstrap', ['debootstrap'], 'makes what is on the disks'],
  ['mke2fs', ['e2fsprogs'], 'makes file systems'],
  ['ssh', ['openssh-client'], 'talks to them'],
  ['setpriv', ['util-linux'], 'ends them with us'],
];
/** What each build of `scripts/release` needs. */
export const RELEASE = {
  package: [],
  executable: EXECUTABLE,
  deb: EXECUTABLE,
  image: [...EXECUTABLE, ['debootstrap', ['debootstrap'], 'makes the smallest Debian']],
  rpm: [...EXECUTABLE, ...RPM],
  repo: [...EXECUTABLE, ...RPM, ...REPO],
  try: [...EXECUTABLE, ...RPM, ...REPO, ...TRY],
};
export const WANTED = {
  base: BASE,
  all: [...BASE, ...DOCKER],
  fleet: [...BASE, ...FLEET],
  vm: [...EXECUTABLE, ...VM],
  test: [...BASE, ...DOCKER, ...TEST],
};

const POLICY = '/usr/sbin/policy-rc.d';
const environment = { DEBIAN_FRONTEND: 'noninteractive' };

/**
 * Brings the commands that are missing. As root on Debian and Ubuntu it installs their packages, naming each; elsewhere it
 * throws a SetupFailure that says what to run.
 */
export async function ensurePackages(wanted) {
  const missing = wanted.filter(([command]) => !isThere(command));
  if (missing.length === 0) return;
  const names = missing.map(([, packages]) => packages.at(-1)).join(' ');
  if (!existsSync('/usr/bin/apt-get'))
    throw new SetupFailure(`missing: ${missing.map(([command]) => command).join(', ')}\n  install: ${names}`, 3);
  if (process.geteuid() !== 0)
    throw new SetupFailure(`missing packages\n  run: sudo apt-get install --no-install-recommends ${names}`, 3);
  await step('apt-get update', 'apt-get', ['update', '-q'], { env: environment });
  await withoutStartingServices(async () => {
    for (const [command, packages, reason] of missing) {
      if (isThere(command)) continue; // An earlier package brought it.
      if (command === 'cloud-init') switchOffCloudInit();
      const name = packages.find((candidate) => succeeds('apt-cache', 'show', candidate)) ?? packages[0];
      await install(name, reason);
    }
    if (wanted.some(([command]) => command === 'docker')) await ensureBuildKit();
  });
}

const install = (name, reason) =>
  step(`installing ${name} (${reason})`, 'apt-get', ['install', '-q', '-y', '--no-install-recommends', name], {
    env: environment,
  });

/** Its services come with the package and would set this machine up at the next boot (cloud-init's documentation, "Disable cloud-init"). */
function switchOffCloudInit() {
  mkdirSync('/etc/cloud', { recursive: true });
  writeFileSync('/etc/cloud/cloud-init.disabled', '');
}

/** Newer command lines build with a plugin. */
async function ensureBuildKit() {
  if (succeeds('docker', 'buildx', 'version') || !succeeds('apt-cache', 'show', 'docker-buildx')) return;
  await install('docker-buildx', 'BuildKit for the command line');
}

/** A package's installation must not start an engine in the machine's own network. Somebody else's policy stays. */
async function withoutStartingServices(work) {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  const remove = () => rmSync(POLICY, { force: true });
  process.once('exit', remove);
  try {
    return await work();
  } finally {
    process.off('exit', remove);
    remove();
  }
}

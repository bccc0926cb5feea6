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
/** For the tests alone. */
const TEST = [
  ['debootstrap', ['debootstrap'], 'a whole host with systemd for the lab'],
  ['slirp4netns', ['slirp4netns'], 'the network of rootless containers'],
  ['pasta', ['passt'], 'the same, as newer engines have it'],
  ['runc', ['runc'], 'runs the containers of podman'],
  ['podman', ['podman'], 'a second engine for the lab; it has no daemon'],
  ['host-local', ['containernetworking-plugins'], 'networks of podman, as older ones have them'],
  ['netavark', ['netavark'], 'the same, as newer ones have them'],
  ['cloud-init', ['cloud-init'], 'checks user data; it stays switched off on this machine'],
];
export const WANTED = { base: BASE, all: [...BASE, ...DOCKER], test: [...BASE, ...DOCKER, ...TEST] };

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

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dnfSource } from '../../src/packaging/repository.ts';
import { must } from './project.ts';

/** Has dnf install the package from the signed repository, over loopback, into an empty tree; gives what it put there. */
export async function tryDnf(work: string, repository: string): Promise<string> {
  const tree = join(work, 'tree');
  mkdirSync(join(tree, 'etc/yum.repos.d'), { recursive: true });
  await standIn(work, repository);
  const url = 'http://127.0.0.1:8098';
  const source = dnfSource(url).replace(/^gpgkey=.*$/m, `gpgkey=${url}/key.asc`);
  const stub = `[stand-in]\nname=stand-in\nbaseurl=file://${work}/stand-in\ngpgcheck=0\n`;
  writeFileSync(join(tree, 'etc/yum.repos.d/portfence.repo'), `${source}\n${stub}`);
  const dnf = `dnf --installroot ${tree} --releasever 1 --setopt reposdir=${tree}/etc/yum.repos.d -q -y`;
  const steps = [
    'ip link set lo up',
    `(cd ${repository} && exec python3 -m http.server 8098 --bind 127.0.0.1 >/dev/null 2>&1) & server=$!`,
    "trap 'kill $server' EXIT",
    `until curl -sf ${url}/key.asc >/dev/null; do :; done`,
    `${dnf} install portfence >&2`,
    `rpm --root ${tree} --verify --nodeps portfence >&2`,
    `rpm --root ${tree} --query portfence`,
    `test -x ${tree}/usr/bin/portfence`,
    `${dnf} remove portfence >&2`,
    `test ! -e ${tree}/usr/bin/portfence`,
  ];
  const done = await must(['unshare', '--net', '--pid', '--fork', '--kill-child', 'sh', '-euc', steps.join('\n')]);
  return `${done.trim()}: installed from the signed repository by dnf, verified, removed`;
}

/** A package that says to provide what ours requires: no release of Fedora is to be had for a trial. It brings a shell for the scripts. */
async function standIn(work: string, repository: string): Promise<void> {
  const folder = join(work, 'stand-in');
  mkdirSync(folder);
  const ours = join(repository, 'rpm/x86_64');
  const [name = ''] = readdirSync(ours).filter((one) => one.endsWith('.rpm'));
  const required = (await must(['rpm', '-qp', '--requires', join(ours, name)])).trim().split('\n');
  const provided = required
    .filter((one) => !one.startsWith('rpmlib(') && !one.startsWith('config('))
    .map((one) => (one.startsWith('(') ? 'nftables' : one));
  const spec = [
    ...['Name: stand-in', 'Version: 1', 'Release: 1', 'Summary: stand-in', 'License: MIT', 'AutoReqProv: no'],
    ...[...new Set(provided)].map((one) => `Provides: ${one}`),
    ...['%description', 'stand-in', '%install', 'mkdir -p %{buildroot}/bin'],
    ...['cp /bin/busybox %{buildroot}/bin/sh', '%files', '/bin/sh'],
  ];
  writeFileSync(join(work, 'stand-in.spec'), `${spec.join('\n')}\n`);
  await must([
    'rpmbuild',
    '-bb',
    '--define',
    `_topdir ${work}/top`,
    '--define',
    'debug_package %{nil}',
    '--define',
    '__os_install_post %{nil}',
    join(work, 'stand-in.spec'),
  ]);
  await must(['sh', '-c', `cp ${work}/top/RPMS/*/stand-in-*.rpm ${folder} && createrepo_c --quiet ${folder}`]);
}

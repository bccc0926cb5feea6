import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { aptSource } from '../../src/packaging/repository.ts';
import { must } from './project.ts';

const cache = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'portfence-trees');
const PACKAGES = ['nftables', 'iproute2', 'procps', 'libstdc++6', 'conntrack', 'iptables'];

/** What a person does with the package, in a tree that knows nothing of Node, without systemd, in a network of its own. */
const STEPS = `
set -eu
ip link set lo up
cd /srv && perl -e "$SERVER" & server=$!
trap 'kill $server' EXIT
until perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:8099")'; do :; done
install -D /srv/key.gpg /usr/share/keyrings/portfence-archive-keyring.gpg
alone='-o Dir::Etc::sourcelist=/etc/apt/sources.list.d/portfence.sources -o Dir::Etc::sourceparts=-'
apt-get -q update $alone
apt-get -q -y install $alone --no-install-recommends portfence portfence-archive-keyring
! nft list tables | grep portfence
portfence --version
ip link add out0 type veth peer name out1 && ip addr add 192.0.2.1/24 dev out0 && ip link set out0 up && ip link set out1 up && ip route add default via 192.0.2.2
with=nftables
portfence apply --ports 49152-61000 >/dev/null 2>&1 || { with=iptables; portfence apply --ports 49152-61000 --backend iptables >/dev/null; }
portfence status | grep -q ENFORCED
portfence remove >/dev/null
dpkg --remove portfence >/dev/null
test -e /etc/portfence/policy.yaml
dpkg --purge portfence portfence-archive-keyring >/dev/null
! find / -xdev -path /srv -prune -o -path /proc -prune -o -name '*portfence*' -print | grep -v '^/var/\\(lib/apt\\|cache/apt\\|lib/dpkg\\|log\\)\\|sources.list.d' | grep .
echo "installed over http from the signed repository, fenced, removed and purged, with $with"
`;
/** A web server for the trees, which have perl and nothing else. */
const SERVER = [
  'use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8099", Listen => 9, ReuseAddr => 1) or die;',
  'while (my $c = $s->accept) { my $q = <$c>; while (<$c>) { last if /^\\r?$/ } my ($p) = $q =~ m{^GET (\\S+)};',
  'if (open my $f, "<:raw", "/srv$p") { local $/; my $b = <$f>; print $c "HTTP/1.0 200 OK\\r\\nContent-Length: ", length $b, "\\r\\n\\r\\n$b" }',
  'else { print $c "HTTP/1.0 404 No\\r\\nContent-Length: 0\\r\\n\\r\\n" } close $c }',
].join(' ');

/** Installs the package from the repository in a Debian release, by apt over loopback; gives the last line of the trial. */
export async function tryDebIn(release: string, repository: string): Promise<string> {
  const tree = await treeOf(release);
  const layer = mkdtempSync(join(tmpdir(), 'portfence-layer-'));
  try {
    const inside = [
      `mount -t tmpfs tmpfs ${layer} && mkdir ${layer}/upper ${layer}/work ${layer}/root`,
      `mount -t overlay overlay -o lowerdir=${tree},upperdir=${layer}/upper,workdir=${layer}/work ${layer}/root`,
      `mount -t proc proc ${layer}/root/proc && mount -t sysfs sysfs ${layer}/root/sys`,
      `mount --rbind /dev ${layer}/root/dev && mount --bind ${repository} ${layer}/root/srv`,
      `printf %s "$SOURCE" >${layer}/root/etc/apt/sources.list.d/portfence.sources`,
      `exec chroot ${layer}/root sh -c "$STEPS"`,
    ].join(' && ');
    const env = {
      STEPS,
      SERVER,
      SOURCE: aptSource('http://127.0.0.1:8099'),
      LC_ALL: 'C',
      DEBIAN_FRONTEND: 'noninteractive',
    };
    const done = await must(['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', inside], {
      env,
    });
    return done.trim().split('\n').at(-1) ?? '';
  } finally {
    rmSync(layer, { recursive: true, force: true });
  }
}

async function treeOf(release: string): Promise<string> {
  const tree = join(cache, release);
  if (existsSync(join(tree, 'whole'))) return tree;
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  await must(['debootstrap', '--variant=minbase', `--include=${PACKAGES.join(',')}`, release, tree]);
  mkdirSync(join(tree, 'whole'));
  return tree;
}

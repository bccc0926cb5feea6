import type { Machine } from './machine.ts';

/** What left a machine, as the ACL saw it. */
export interface Passed {
  readonly tried: number;
  readonly answered: number;
  /** Packets. */
  readonly outOfRange: number;
}

/** Ports that containers bind; every pass takes others, since connection tracking remembers a flow for a while. */
const FIRST_BOUND = 20_000;
const EACH = 8;

const COUNTERS = `nsenter --net=/run/netns/acl nft list counters table inet acl | awk '/^.counter/ { name = $2 } /packets/ { print name, $2 }'`;
/** An image of this host's busybox and perl, and a container that stays. */
const CONTAINER = `
set -e
mkdir -p /root/image/bin && cp /bin/busybox /root/image/bin/
for applet in $(busybox --list); do [ -e /root/image/bin/$applet ] || ln -s busybox /root/image/bin/$applet; done
libraries=$(ldd /usr/bin/perl | grep -o '/[^ ]*')
for path in /usr/bin/perl /opt/acl/client.pl $libraries; do mkdir -p /root/image$(dirname $path); cp -L $path /root/image$path; done
modules=/usr/lib/x86_64-linux-gnu/perl-base
mkdir -p /root/image$modules && cp -a $modules/. /root/image$modules
tar -C /root/image -c . | docker import --change 'ENV PATH=/bin:/usr/bin' - lab >/dev/null
docker run --detach --restart always --name client lab sleep 1000000 >/dev/null`;

/** Makes the container from which a pass opens connections. */
export async function readyToPass(machine: Machine): Promise<void> {
  await machine.must(CONTAINER);
}

let round = 0;

/**
 * Opens connections from the host (ports that the kernel chooses, each family that the kernel has) and, where it runs, from the container (also bound
 * ports), TCP and UDP, and counts.
 */
export async function pass(machine: Machine): Promise<Passed> {
  round += 1;
  const bound = FIRST_BOUND + round * 2 * EACH;
  const clients = ['tcp', 'udp'].flatMap((protocol) => [
    `client 203.0.113.10 ${protocol} 0`,
    `[ ! -e /proc/net/if_inet6 ] || client 2001:db8:113::10 ${protocol} 0`,
    `within 203.0.113.10 ${protocol} 0`,
    `within 203.0.113.10 ${protocol} ${protocol === 'tcp' ? bound : bound + EACH}`,
  ]);
  const output = await machine.must(
    [
      `client() { echo tried ${EACH}; echo answered $(perl /opt/acl/client.pl $1 $2 $3 ${EACH}); }`,
      'pid=$(docker inspect --format "{{.State.Pid}}" client 2>/dev/null)',
      `within() { [ "\${pid:-0}" = 0 ] || { echo tried ${EACH}; echo answered $(nsenter --net=/proc/$pid/ns/net perl /opt/acl/client.pl $1 $2 $3 ${EACH}); }; }`,
      `${COUNTERS} | sed s/^/before_/`,
      ...clients,
      COUNTERS,
    ].join('\n'),
  );
  const sum = (name: string): number =>
    [...output.matchAll(new RegExp(`^${name} (\\d+)$`, 'gm'))].reduce((all, [, count]) => all + Number(count), 0);
  return {
    tried: sum('tried'),
    answered: sum('answered'),
    outOfRange: sum('out_of_range') - sum('before_out_of_range'),
  };
}

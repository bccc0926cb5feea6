import type { Argv } from '../system/system.ts';

/**
 * Puts itself into control groups of its own, on whatever hierarchies this machine has, and starts the rest in new
 * namespaces, so that the systemd inside sees them as the whole.
 */
const OUTER = `
set -e
name=$2
grep -E '^[^ ]+ /sys/fs/cgroup[^ ]* cgroup2? ' /proc/mounts | while read -r _ at _; do
  mkdir -p "$at/$name"
  for file in cpuset.cpus cpuset.mems; do
    if [ -e "$at/$name/$file" ] && [ -e "$at/$file" ]; then cat "$at/$file" >"$at/$name/$file"; fi
  done
  echo $$ >"$at/$name/cgroup.procs"
done
exec unshare --cgroup --pid --fork --kill-child --mount --uts --ipc -- sh -c "$3" sh "$1"
`;

/**
 * Mounts what the kernel offers, as a container manager does (systemd.io/CONTAINER_INTERFACE), and becomes systemd. Settings
 * outside the network namespace are the machine's and can't be written to; /dev is a private one.
 */
const INNER = `
set -e
cd "$1"
mount --make-rprivate /
mount --rbind . .
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock
mount -t sysfs sysfs sys
if grep -qE '^[^ ]+ /sys/fs/cgroup cgroup2 ' /proc/mounts; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  grep -E '^[^ ]+ /sys/fs/cgroup/[^ ]+ cgroup2? ' /proc/mounts | while read -r _ at type options _; do
    mkdir -p ".$at"
    if [ "$type" = cgroup2 ]; then
      mount -t cgroup2 cgroup2 ".$at"
    else
      options=$(echo ",$options" | sed -E 's/,(rw|nosuid|nodev|noexec|relatime|xattr|clone_children|release_agent=[^,]*)//g; s/^,//; s/^name=/none,name=/; s/,name=/,none,name=/')
      mount -t cgroup -o "$options" cgroup ".$at"
    fi
  done
fi
mount -o remount,bind,ro sys
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in null zero full random urandom tty; do
  : >"dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
mount --make-rshared /
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --show-status=no --log-target=console
`;

/** The command that boots the tree at `root` with control groups called `name`; it ends when the host is powered off. */
export function bootCommand(root: string, name: string): Argv {
  return ['sh', '-c', OUTER, 'sh', root, name, INNER];
}

import type { Argv } from '../../src/system/system.ts';

/** Lays a folder over the one of the system's programs in which these names are missing, for what it runs alone. */
const HIDE = `
set -e
names=$1; shift
layer=$(mktemp -d)
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work"
for path in /usr/sbin/*; do
  for name in $names; do
    case $path in /usr/sbin/$name) mknod "$layer/upper/\${path##*/}" c 0 0 ;; esac
  done
done
mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$layer/upper,workdir=$layer/work" overlay /usr/sbin
umount --lazy "$layer"
rmdir "$layer"
exec "$@"`;

/** The same command on a machine that lacks every program of /usr/sbin whose name fits one of these patterns. */
export const withoutPrograms = (names: readonly string[], argv: Argv): Argv => [
  ...(['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', HIDE, 'sh'] as const),
  names.join(' '),
  ...argv,
];

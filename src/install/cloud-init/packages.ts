/** Installs a command where it is missing; waits for the package manager of the first boot instead of failing beside it. */
export function getCommand(command: string, { deb, rpm }: { deb: string; rpm: string }): readonly string[] {
  return [
    `if ! command -v ${command} >/dev/null; then`,
    '  if command -v apt-get >/dev/null; then',
    '    export DEBIAN_FRONTEND=noninteractive',
    '    apt-get -q update',
    `    apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends ${deb}`,
    `  elif command -v dnf >/dev/null; then dnf -q -y install ${rpm}`,
    `  elif command -v yum >/dev/null; then yum -q -y install ${rpm}`,
    `  elif command -v zypper >/dev/null; then zypper -q -n install ${rpm}`,
    `  else echo 'portfence: install ${deb} first' >&2; exit 1`,
    '  fi',
    'fi',
  ];
}

import { RULES_FILE, SYSCTL_FILE } from '../paths.ts';
import { DNS_PROGRAM } from './dns-program.ts';

/** VPC resolvers beside the one that metadata tells. */
export interface DnsWish {
  readonly further: readonly string[];
}

/** Waits for the package manager of the first boot instead of failing beside it. */
const GET_NFT = [
  'if ! command -v nft >/dev/null; then',
  '  if command -v apt-get >/dev/null; then',
  '    export DEBIAN_FRONTEND=noninteractive',
  '    apt-get -q update',
  '    apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends nftables',
  '  elif command -v dnf >/dev/null; then dnf -q -y install nftables',
  '  elif command -v yum >/dev/null; then yum -q -y install nftables',
  '  elif command -v zypper >/dev/null; then zypper -q -n install nftables',
  `  else echo 'portfence: install nftables first' >&2; exit 1`,
  '  fi',
  'fi',
];

/** Constants but for the resolvers: what makes the files of an installation work, again and again with the same end. */
export function steps({
  settings,
  dns,
}: {
  readonly settings: boolean;
  readonly dns: DnsWish | undefined;
}): readonly string[] {
  return [
    'set -eu',
    // Before the package manager asks the network for anything.
    ...(settings ? [`sysctl -q -p ${SYSCTL_FILE}`] : []),
    ...GET_NFT,
    `nft -c -f ${RULES_FILE}`,
    'systemctl daemon-reload',
    'systemctl enable --quiet portfence.service',
    'systemctl restart portfence.service',
    ...(dns
      ? [['python3', '-', ...dns.further, "<<'PORTFENCE'"].join(' '), ...DNS_PROGRAM.trimEnd().split('\n'), 'PORTFENCE']
      : []),
  ];
}

import { RULES_FILE, SYSCTL_FILE } from '../paths.ts';
import { DNS_PROGRAM } from './dns-program.ts';
import { type ExecutableWish, executableSteps } from './executable.ts';
import { getCommand } from './packages.ts';

/** VPC resolvers beside the one from instance metadata. */
export interface DnsWish {
  readonly further: readonly string[];
}

/** Constants but for the resolvers and the executable: what makes the files of an installation work, again and again with the same end. */
export function steps({
  settings,
  dns,
  executable,
}: {
  readonly settings: boolean;
  readonly dns: DnsWish | undefined;
  readonly executable: ExecutableWish | undefined;
}): readonly string[] {
  return [
    'set -eu',
    // Before the package manager asks the network for anything.
    ...(settings ? [`sysctl -q -p ${SYSCTL_FILE}`] : []),
    ...getCommand('nft', { deb: 'nftables', rpm: 'nftables' }),
    `nft -c -f ${RULES_FILE}`,
    'systemctl daemon-reload',
    'systemctl enable --quiet portfence.service',
    'systemctl restart portfence.service',
    ...(dns
      ? [['python3', '-', ...dns.further, "<<'PORTFENCE'"].join(' '), ...DNS_PROGRAM.trimEnd().split('\n'), 'PORTFENCE']
      : []),
    ...(executable ? executableSteps(executable) : []),
  ];
}

import type { PackageFile } from './layout.ts';
import { AFTER_INSTALL, AFTER_REMOVAL, BEFORE_REMOVAL, HINT } from './maintainer-scripts.ts';
import { ABOUT } from './project.ts';

export const RPM_ARCHITECTURE = { x64: 'x86_64', arm64: 'aarch64' } as const;

export interface RpmInput {
  readonly version: string;
  readonly files: readonly PackageFile[];
  /** The folder that holds all files by their paths. */
  readonly staged: string;
  /** Seconds since 1970 of the commit that is built. */
  readonly builtAt: number;
  /** Packs loosely, for trials. */
  readonly fast?: boolean;
}

const MARK = {
  program: '',
  other: '',
  configuration: '%config(noreplace) ',
  documentation: '%doc ',
  manual: '',
} as const;
const day = (seconds: number): string => {
  const [week = '', date = '', month = '', year = ''] = new Date(seconds * 1000).toUTCString().split(/,? /);
  return `${week} ${month} ${date} ${year}`;
};

/** A spec file (rpm-spec(7)) for files that are built already. */
export function rpmSpec({ version, files, staged, builtAt, fast = false }: RpmInput): string {
  const lines = [
    // The executable carries its script behind the ELF sections: nothing may strip or rewrite it.
    ...['%global debug_package %{nil}', '%global __os_install_post %{nil}', '%global _build_id_links none'],
    `%global _binary_payload ${fast ? 'w0.gzdio' : 'w2.xzdio'}`,
    '',
    `Name: ${ABOUT.name}`,
    `Version: ${version.replaceAll('-', '~')}`,
    'Release: 1',
    'Group: System Environment/Daemons',
    `Packager: ${ABOUT.maintainer}`,
    `Summary: ${ABOUT.summary[0]?.toUpperCase()}${ABOUT.summary.slice(1)}`,
    `License: ${ABOUT.licence}`,
    'Requires: (nftables or iptables)',
    ...['conntrack-tools', 'iproute', 'procps-ng', 'util-linux'].map((name) => `Requires: ${name}`),
    'Recommends: nftables',
    '',
    '%description',
    ...ABOUT.description,
    '',
    '%install',
    `cp -a ${staged}/. %{buildroot}/`,
    '',
    '%post',
    ...AFTER_INSTALL,
    'if [ "$1" -eq 1 ]; then',
    ...HINT.map((line) => `  ${line}`),
    'fi',
    ':',
    '',
    '%preun',
    'if [ "$1" -eq 0 ]; then',
    ...BEFORE_REMOVAL.map((line) => `  ${line}`),
    'fi',
    ':',
    '',
    '%postun',
    ...AFTER_REMOVAL,
    ':',
    '',
    '%files',
    '%defattr(-,root,root,-)',
    '%dir /etc/portfence',
    ...files.map(({ path, kind }) => `${MARK[kind]}${path}${kind === 'manual' ? '*' : ''}`),
    '',
    '%changelog',
    `* ${day(builtAt)} ${ABOUT.maintainer} - ${version}-1`,
    '- See CHANGELOG.md.',
  ];
  return `${lines.join('\n')}\n`;
}

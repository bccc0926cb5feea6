import type { PackageFile } from './layout.ts';
import { AFTER_INSTALL, AFTER_REMOVAL, BEFORE_REMOVAL, HINT, PURGE } from './maintainer-scripts.ts';
import { ABOUT } from './project.ts';

export const DEB_ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' } as const;

export interface DebInput {
  readonly version: string;
  readonly architecture: 'x64' | 'arm64';
  readonly files: readonly PackageFile[];
  /** Bytes of all files. */
  readonly size: number;
}

/** What Node's own builds need (`objdump -T`), and the commands that the fence is made with. */
const DEPENDS = [
  ...['libc6 (>= 2.28)', 'libgcc-s1 (>= 3.0)', 'libstdc++6 (>= 6)'],
  ...['iproute2', 'nftables | iptables', 'conntrack', 'procps'],
];

/** deb-control(5). */
export function debControl({ version, architecture, size }: DebInput): string {
  return text([
    `Package: ${ABOUT.name}`,
    `Version: ${version}`,
    `Architecture: ${DEB_ARCHITECTURE[architecture]}`,
    `Maintainer: ${ABOUT.maintainer}`,
    `Installed-Size: ${Math.ceil(size / 1024)}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Recommends: nftables',
    'Section: net',
    'Priority: optional',
    `Description: ${ABOUT.summary}`,
    ...ABOUT.description.map((line) => ` ${line}`),
  ]);
}

/** The scripts of deb-postinst(5), deb-prerm(5) and deb-postrm(5), by their names. */
export const DEB_SCRIPTS: Readonly<Record<string, string>> = {
  postinst: shell([
    'if [ "$1" = configure ]; then',
    ...indented(AFTER_INSTALL),
    '  if [ -z "$2" ]; then',
    ...indented(indented(HINT)),
    '  fi',
    'fi',
  ]),
  prerm: shell(['if [ "$1" = remove ]; then', ...indented(BEFORE_REMOVAL), 'fi']),
  postrm: shell([
    'if [ "$1" = purge ]; then',
    ...indented(PURGE),
    'fi',
    'if [ "$1" = remove ]; then',
    ...indented(AFTER_REMOVAL),
    'fi',
  ]),
};

export const debConffiles = ({ files }: DebInput): string =>
  text(files.filter(({ kind }) => kind === 'configuration').map(({ path }) => path));

/** deb-changelog(5): one entry, since CHANGELOG.md tells the rest. `date` as RFC 5322 has it. */
export function debChangelog(version: string, date: string): string {
  return text([
    `${ABOUT.name} (${version}) stable; urgency=medium`,
    '',
    '  * See /usr/share/doc/portfence/CHANGELOG.md.gz.',
    '',
    ` -- ${ABOUT.maintainer}  ${date}`,
  ]);
}

/** The machine-readable form of Debian's copyright files. The licences of everything inside are a document of their own. */
export function debCopyright(own: string): string {
  const words = own.trim().split('\n');
  return text([
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    `Upstream-Name: ${ABOUT.name}`,
    'Comment: The program is one file: Node and the packages that it is made of are inside. licences.txt.gz, beside this',
    ' file, holds the licence of each.',
    '',
    'Files: *',
    'Copyright: the portfence authors',
    'License: MIT',
    ...words.map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
  ]);
}

/** lintian(1): what is so on purpose. */
export const DEB_OVERRIDES = text([
  '# One file holds Node with the libraries of its own release, so that it runs on hosts without Node.',
  'portfence: embedded-library *',
]);

function shell(lines: readonly string[]): string {
  return text(['#!/bin/sh', 'set -e', ...lines, 'exit 0']);
}
function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

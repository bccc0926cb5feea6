import { ABOUT } from './project.ts';

/** One suite for all distributions and releases: the executable is the same on each. */
export const SUITE = 'stable';
export const COMPONENT = 'main';
export const POOL = `pool/${COMPONENT}/p/${ABOUT.name}`;
export const KEYRING = {
  name: 'portfence-archive-keyring',
  file: '/usr/share/keyrings/portfence-archive-keyring.gpg',
} as const;

/** A signed repository has to outlive the hosts that are not looked after: a new key is to be published this long before. */
const LEAST_DAYS = 180;
const SECONDS_A_DAY = 86_400;

/** The fields of an apt repository's Release file, as apt-ftparchive(1) takes them. */
export function releaseFields(architectures: readonly string[]): readonly string[] {
  const fields = {
    Origin: ABOUT.name,
    Label: ABOUT.name,
    Suite: SUITE,
    Codename: SUITE,
    Architectures: architectures.join(' '),
    Components: COMPONENT,
    Description: ABOUT.summary,
  };
  return Object.entries(fields).map(([name, value]) => `APT::FTPArchive::Release::${name}=${value}`);
}

/** The source of apt for a repository at `url`, in the form of sources.list(5). */
export const aptSource = (url: string): string =>
  `Types: deb\nURIs: ${url}/apt\nSuites: ${SUITE}\nComponents: ${COMPONENT}\nSigned-By: ${KEYRING.file}\n`;

/** The source of dnf for a repository at `url`; packages and lists are both signed. */
export function dnfSource(url: string): string {
  return [
    `[${ABOUT.name}]`,
    `name=${ABOUT.name}`,
    `baseurl=${url}/rpm/$basearch`,
    'enabled=1',
    'gpgcheck=1',
    'repo_gpgcheck=1',
    `gpgkey=${url}/${KEYRING.name}.asc`,
    '',
  ].join('\n');
}

/** The control file of the package that brings the key. */
export function keyringControl(version: string): string {
  return [
    `Package: ${KEYRING.name}`,
    `Version: ${version}`,
    'Architecture: all',
    `Maintainer: ${ABOUT.maintainer}`,
    'Section: misc',
    'Priority: optional',
    'Description: key that signs the repository of portfence',
    ' apt takes the packages of portfence from lists that are signed with this key.',
    ' An upgrade brings the next key before this one expires.',
    '',
  ].join('\n');
}

/** A key as `gpg --with-colons` lists it (GnuPG's doc/DETAILS). */
export interface SigningKey {
  readonly fingerprint: string;
  /** Seconds since 1970; undefined for a key that never expires. */
  readonly expires: number | undefined;
}

/** The primary keys of a listing. */
export function keysOf(listing: string): readonly SigningKey[] {
  const rows = listing.split('\n').map((line) => line.split(':'));
  return rows.flatMap((row, i) => {
    if (row[0] !== 'pub' && row[0] !== 'sec') return [];
    const fingerprint = rows.slice(i).find(([kind]) => kind === 'fpr')?.[9] ?? '';
    return [{ fingerprint, expires: row[6] ? Number(row[6]) : undefined }];
  });
}

/** One sentence for each key that expires within 180 days of `now`, in seconds since 1970, or has expired. */
export function expiringKeys(keys: readonly SigningKey[], now: number): readonly string[] {
  return keys.flatMap(({ fingerprint, expires }) => {
    if (expires === undefined) return [];
    const days = Math.floor((expires - now) / SECONDS_A_DAY);
    if (days >= LEAST_DAYS) return [];
    return [`the key ${fingerprint} ${days < 0 ? 'has expired' : `expires in ${days} days`}: publish the next one now`];
  });
}

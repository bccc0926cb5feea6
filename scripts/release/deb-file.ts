import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DEB_ARCHITECTURE,
  DEB_OVERRIDES,
  DEB_SCRIPTS,
  debChangelog,
  debConffiles,
  debControl,
  debCopyright,
} from '../../src/packaging/deb.ts';
import { DOCUMENTS, type PackageFile } from '../../src/packaging/layout.ts';
import { type Architecture, builtAt, dist, must, type PackageOptions, version } from './project.ts';
import { filesOf, ownLicence, stage } from './staging.ts';

/** Debian 11 knows no zstd. */
const compression = (fast: boolean): readonly string[] => (fast ? ['-Znone'] : ['-Zxz', '-z2']);

/** Builds a deb package from the executable in `dist`; gives its name in `into`. */
export async function buildDeb(
  architecture: Architecture,
  { as = version, into = dist, fast = false }: PackageOptions = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-deb-'));
  try {
    chmodSync(folder, 0o755);
    const files = [...(await filesOf(architecture, '/usr/share/zsh/vendor-completions')), ...(await debDocuments(as))];
    const { paths, size } = await stage(folder, files.map(packedAsDebianHasIt));
    const input = { version: as, architecture, files, size };
    const control = join(folder, 'DEBIAN');
    mkdirSync(control, { mode: 0o755 });
    writeFileSync(join(control, 'control'), debControl(input));
    writeFileSync(join(control, 'conffiles'), debConffiles(input));
    const sum = (path: string): string =>
      createHash('md5')
        .update(readFileSync(join(folder, path)))
        .digest('hex');
    writeFileSync(join(control, 'md5sums'), paths.map((path) => `${sum(path)}  ${path.slice(1)}\n`).join(''));
    for (const [name, text] of Object.entries(DEB_SCRIPTS)) writeFileSync(join(control, name), text, { mode: 0o755 });
    const name = `portfence_${as}_${DEB_ARCHITECTURE[architecture]}.deb`;
    const flags = ['--root-owner-group', ...compression(fast), '--build', folder, join(into, name)];
    await must(['dpkg-deb', ...flags], { env: { SOURCE_DATE_EPOCH: String(await builtAt()) } });
    return name;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Debian's policy wants a changelog of its form and a copyright file, and long texts packed. */
async function debDocuments(as: string): Promise<readonly PackageFile[]> {
  const date = new Date((await builtAt()) * 1000).toUTCString().replace('GMT', '+0000');
  const text = (path: string, words: string): PackageFile => ({
    path,
    content: { text: words },
    mode: 0o644,
    kind: 'other',
  });
  return [
    { ...text(`${DOCUMENTS}/changelog`, debChangelog(as, date)), kind: 'manual' },
    text(`${DOCUMENTS}/copyright`, debCopyright(ownLicence())),
    text('/usr/share/lintian/overrides/portfence', DEB_OVERRIDES),
  ];
}

function packedAsDebianHasIt(file: PackageFile): PackageFile {
  if (file.kind !== 'documentation' || !('copyOf' in file.content)) return file;
  const text = readFileSync(file.content.copyOf);
  return text.length < 4096 ? file : { ...file, kind: 'manual', content: { text: text.toString() } };
}

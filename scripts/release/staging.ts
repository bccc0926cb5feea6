import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { grammarOf } from '../../src/cli/grammar.ts';
import { buildProgram } from '../../src/cli/program.ts';
import type { Grammar } from '../../src/packaging/grammar.ts';
import { type PackageFile, packageFiles } from '../../src/packaging/layout.ts';
import { realSystem } from '../../src/system/real.ts';
import { executableName, LICENCES, SBOM } from './executable-file.ts';
import { type Architecture, builtAt, dist, root, version } from './project.ts';

export async function grammar(): Promise<Grammar> {
  const context = { system: realSystem, say: () => {}, colour: false, width: 100 };
  return grammarOf(await buildProgram(context, () => {}));
}

/** The files of a package. Documents of other readers than a host's administrator stay out. */
export async function filesOf(architecture: Architecture, zshFolder: string): Promise<readonly PackageFile[]> {
  const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md'].map((name) => [
    name,
    join(root, name),
  ]);
  return packageFiles({
    grammar: await grammar(),
    version,
    date: new Date((await builtAt()) * 1000).toISOString().slice(0, 10),
    executable: join(dist, executableName(architecture)),
    documents: Object.fromEntries([...documents, ['portfence.cdx.json', SBOM], ['licences.txt', LICENCES]]),
    zshFolder,
  });
}

/** Writes the files below a folder, manual pages packed; all with the time of the commit. Gives their paths there, and bytes. */
export async function stage(folder: string, files: readonly PackageFile[]) {
  const time = await builtAt();
  const staged = files.map((file) => {
    const packed = file.kind === 'manual';
    const path = packed ? `${file.path}.gz` : file.path;
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
    if ('copyOf' in file.content) copyFileSync(file.content.copyOf, to);
    else writeFileSync(to, packed ? gzipSync(file.content.text, { level: 9 }) : file.content.text);
    chmodSync(to, file.mode);
    utimesSync(to, time, time);
    return { path, bytes: statSync(to).size };
  });
  return { paths: staged.map(({ path }) => path), size: staged.reduce((sum, { bytes }) => sum + bytes, 0) };
}

export const ownLicence = (): string => readFileSync(join(root, 'LICENSE'), 'utf8');

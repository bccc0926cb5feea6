import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { licencesText } from '../../src/packaging/licences.ts';
import { sbom } from '../../src/packaging/sbom.ts';
import { bundle, nodeComponent } from './bundle.ts';
import { nodeFolder } from './node-binary.ts';
import { ARCHITECTURES, type Architecture, builtAt, dist, must, root, version } from './project.ts';

/** Node's own mark of a single executable (its documentation, "Single executable applications"). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const SCRIPT = 'portfence.cjs';
const TRIPLET = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

export const executableName = (architecture: Architecture): string => `portfence-linux-${architecture}`;
export const LICENCES = join(dist, 'portfence-licences.txt');
export const SBOM = join(dist, 'portfence.cdx.json');

/** Builds the executables with its list of contents and licences; gives their names in `dist`. */
export async function buildExecutables(
  architectures: readonly Architecture[] = ARCHITECTURES,
): Promise<readonly string[]> {
  mkdirSync(dist, { recursive: true });
  const work = mkdtempSync(join(dist, '.executable-'));
  try {
    const components = [...(await bundle(join(work, SCRIPT))), await nodeComponent('x64')];
    for (const architecture of architectures) await inject({ work, architecture });
    writeFileSync(SBOM, sbom({ version, components, builtAt: await builtAt() }));
    writeFileSync(LICENCES, licencesText(readFileSync(join(root, 'LICENSE'), 'utf8'), components));
    return architectures.map(executableName);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function inject({ work, architecture }: { work: string; architecture: Architecture }) {
  const made = join(work, executableName(architecture));
  copyFileSync(join(await nodeFolder(architecture), 'bin/node'), made);
  await must([architecture === process.arch ? 'strip' : `${TRIPLET[architecture]}-strip`, made]);
  const blob = await preparedBlob({ work, architecture });
  const postject = join(root, 'node_modules/postject/dist/cli.js');
  await must([process.execPath, postject, made, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
  renameSync(made, join(dist, executableName(architecture)));
}

/** Only a V8 of the same architecture takes a code cache. A fixed seed, and paths that name no folder, make two blobs of one script equal. */
async function preparedBlob({ work, architecture }: { work: string; architecture: Architecture }) {
  const output = `${architecture}.blob`;
  const config = `${architecture}.json`;
  const useCodeCache = architecture === process.arch;
  const settings = {
    main: SCRIPT,
    output,
    useCodeCache,
    disableExperimentalSEAWarning: true,
    execArgvExtension: 'none',
  };
  writeFileSync(join(work, config), JSON.stringify(settings));
  await must(['env', '-C', work, process.execPath, '--random-seed=1', '--experimental-sea-config', config]);
  return join(work, output);
}

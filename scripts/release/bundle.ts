import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { Component } from '../../src/packaging/component.ts';
import { lockedNode, nodeFolder } from './node-binary.ts';
import { type Architecture, root } from './project.ts';

/** Bundles the whole command line into one CommonJS file; gives the packages that are in it. */
export async function bundle(outfile: string): Promise<readonly Component[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/executable.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // Names stay, so that a stack still tells where it happened.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    define: { 'import.meta.url': 'undefined' },
    metafile: true,
    logLevel: 'error',
  });
  const folders = Object.keys(metafile.inputs).flatMap((path) =>
    path.includes('node_modules/') ? packageFolder(path) : [],
  );
  return [...new Set(folders)].map(component);
}

/** The folder of the package that a file belongs to: some bring further package.json files without a name. */
function packageFolder(path: string): string {
  let folder = dirname(join(root, path));
  while (!readManifest(folder)?.name) folder = dirname(folder);
  return folder;
}

function readManifest(folder: string): { name?: string; version?: string; license?: string } | undefined {
  const file = join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function component(folder: string): Component {
  const { name = '', version = '', license } = readManifest(folder) ?? {};
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
  return {
    name,
    version,
    licence: license,
    licenceTexts: files.sort().map((file) => readFileSync(join(folder, file), 'utf8')),
  };
}

/** Node itself, with all that is in it. */
export async function nodeComponent(architecture: Architecture): Promise<Component> {
  const text = readFileSync(join(await nodeFolder(architecture), 'LICENSE'), 'utf8');
  return { name: 'node', version: lockedNode(architecture).version, licence: 'MIT', licenceTexts: [text] };
}

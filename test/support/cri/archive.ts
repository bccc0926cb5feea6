import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { imageFiles } from '../../../src/packaging/oci-image.ts';
import { run } from '../../../src/system/run.ts';

const digestOf = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** Makes an image archive of one tree's tar, as `npm run build:image` makes its own; gives the archive's path. */
export async function imageArchive(
  tar: string,
  {
    name,
    entrypoint,
    folder,
  }: { readonly name: string; readonly entrypoint: readonly string[]; readonly folder: string },
): Promise<string> {
  const plain = await readFile(tar);
  const packed = gzipSync(plain, { level: 1 });
  const { files, layerPaths } = imageFiles({
    ...{ name, entrypoint, digestOf, version: '1', builtAt: 0 },
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    layers: [{ digest: digestOf(packed), size: packed.length, diffId: digestOf(plain) }],
  });
  const image = join(folder, 'layout');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(image, dirname(path)), { recursive: true });
    await writeFile(join(image, path), text);
  }
  for (const path of layerPaths) await writeFile(join(image, path), packed);
  const made = join(folder, 'made.tar');
  const { code, stderr } = await run(['tar', '-C', image, '-cf', made, '.']);
  if (code !== 0) throw new Error(stderr);
  const archive = join(folder, `${name.replaceAll(/\W/g, '-')}.tar`);
  await rename(made, archive);
  return archive;
}

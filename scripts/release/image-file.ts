import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { imageFiles, type Layer } from '../../src/packaging/oci-image.ts';
import { executableName } from './executable-file.ts';
import { imageTree } from './image-tree.ts';
import { type Architecture, builtAt, dist, must, version } from './project.ts';

/** What nobody reads in a container. */
const WITHOUT = [
  './var/cache/*',
  './var/lib/apt/lists/*',
  './var/log/*',
  './usr/share/man',
  './usr/share/locale',
  './dev/*',
];
const GO_NAMES = { x64: 'amd64', arm64: 'arm64' } as const;
const NATIVE: Architecture = process.arch === 'arm64' ? 'arm64' : 'x64';

export const imageName = (): string => `portfence:${version}`;
export const imageFile = (architecture: Architecture): string => `portfence-image-${GO_NAMES[architecture]}.tar`;

/**
 * Builds an image of Debian's smallest tree and the executable, which has to be there; no registry is asked. Gives its file's
 * name in the folder. `fast` packs loosely.
 */
export async function buildImage({
  into = dist,
  fast = false,
  architecture = NATIVE,
}: {
  into?: string;
  fast?: boolean;
  architecture?: Architecture;
} = {}): Promise<string> {
  const tree = await imageTree(architecture);
  const work = mkdtempSync(join(into, '.image-'));
  try {
    const layers = [
      await layerOf({ work, index: 0, fast, from: ['-C', tree, ...WITHOUT.map((one) => `--exclude=${one}`), '.'] }),
      await layerOf({
        ...{ work, index: 1, fast },
        from: ['-C', dist, `--transform=s,^.*$,usr/bin/portfence,`, '--mode=0755', executableName(architecture)],
      }),
    ];
    const { files, layerPaths } = imageFiles({
      ...{ name: `docker.io/library/${imageName()}`, version, architecture: GO_NAMES[architecture], layers },
      builtAt: await builtAt(),
      entrypoint: ['/usr/bin/portfence'],
      digestOf: (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    });
    const image = join(work, 'image');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(image, path)), { recursive: true });
      writeFileSync(join(image, path), text);
    }
    for (const [i, path] of layerPaths.entries()) renameSync(join(work, `layer-${i}.gz`), join(image, path));
    const made = join(work, 'made.tar');
    await must(['tar', ...(await stamped()), '-C', image, '-cf', made, '.']);
    renameSync(made, join(into, imageFile(architecture)));
    return imageFile(architecture);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function layerOf(options: {
  work: string;
  index: number;
  fast: boolean;
  from: readonly string[];
}): Promise<Layer> {
  const { work, index, fast, from } = options;
  const archive = join(work, `layer-${index}.tar`);
  await must(['tar', ...(await stamped()), '-cf', archive, ...from]);
  const packed = join(work, `layer-${index}.gz`);
  await pipeline(createReadStream(archive), createGzip({ level: fast ? 1 : 9 }), createWriteStream(packed));
  return { digest: await digestOfFile(packed), size: statSync(packed).size, diffId: await digestOfFile(archive) };
}

/** One order, one time and one owner, so that two archives of one commit are equal. */
const stamped = async (): Promise<readonly string[]> => [
  ...[
    '--sort=name',
    '--numeric-owner',
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  ],
  `--mtime=@${await builtAt()}`,
];

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

/** Builds dist/portfence-image-ARCHITECTURE.tar for both architectures, OCI images. Needs root, as debootstrap does. */
import process from 'node:process';
import { writeChecksums } from './checksums.ts';
import { buildExecutables } from './executable-file.ts';
import { buildImage } from './image-file.ts';
import { ARCHITECTURES } from './project.ts';

await buildExecutables();
for (const architecture of ARCHITECTURES) process.stdout.write(`dist/${await buildImage({ architecture })}\n`);
writeChecksums();

/** Builds dist/*.deb for every architecture. */
import process from 'node:process';
import { writeChecksums } from './checksums.ts';
import { buildDeb } from './deb-file.ts';
import { buildExecutables } from './executable-file.ts';
import { ARCHITECTURES } from './project.ts';

await buildExecutables();
for (const architecture of ARCHITECTURES) process.stdout.write(`dist/${await buildDeb(architecture)}\n`);
writeChecksums();

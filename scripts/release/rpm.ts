/** Builds dist/*.rpm for every architecture. */
import process from 'node:process';
import { writeChecksums } from './checksums.ts';
import { buildExecutables } from './executable-file.ts';
import { ARCHITECTURES } from './project.ts';
import { buildRpm } from './rpm-file.ts';

await buildExecutables();
for (const architecture of ARCHITECTURES) process.stdout.write(`dist/${await buildRpm(architecture)}\n`);
writeChecksums();

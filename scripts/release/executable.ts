/** Builds dist/portfence-linux-x64 and -arm64, SHA256SUMS, the SBOM and the licences. */
import process from 'node:process';
import { writeChecksums } from './checksums.ts';
import { buildExecutables } from './executable-file.ts';

const names = await buildExecutables();
writeChecksums();
process.stdout.write(names.map((name) => `dist/${name}\n`).join(''));

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dist } from './project.ts';

const RELEASED =
  /^portfence-(?:linux-(?:x64|arm64)|licences\.txt)$|^portfence\.cdx\.json$|^portfence.*\.(?:deb|rpm)$|^portfence-image-.*\.tar$/;

/** Writes dist/SHA256SUMS over all that is released, in the form that `sha256sum --check` reads. */
export function writeChecksums(): void {
  const names = readdirSync(dist).filter((name) => RELEASED.test(name));
  const lines = names.sort().map((name) => {
    const sum = createHash('sha256').update(readFileSync(join(dist, name)));
    return `${sum.digest('hex')}  ${name}\n`;
  });
  writeFileSync(join(dist, 'SHA256SUMS'), lines.join(''));
}

import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DEB_ARCHITECTURE } from '../../src/packaging/deb.ts';
import { COMPONENT, KEYRING, keyringControl, POOL, releaseFields, SUITE } from '../../src/packaging/repository.ts';
import type { Signer } from './keys.ts';
import { builtAt, must, version } from './project.ts';

const ARCHITECTURES = Object.values(DEB_ARCHITECTURE);

/** Makes the folder `apt` of a repository from every deb package of a folder; packages that are in the pool already stay. */
export async function aptRepository(from: string, into: string, signer: Signer): Promise<void> {
  const apt = join(into, 'apt');
  const pool = join(apt, POOL);
  mkdirSync(pool, { recursive: true });
  for (const name of readdirSync(from).filter((one) => one.endsWith('.deb')))
    copyFileSync(join(from, name), join(pool, name));
  await keyringPackage(pool, signer);
  for (const architecture of ARCHITECTURES) {
    const folder = join(apt, `dists/${SUITE}/${COMPONENT}/binary-${architecture}`);
    mkdirSync(folder, { recursive: true });
    const listed = await must(['env', '-C', apt, 'apt-ftparchive', '--arch', architecture, 'packages', 'pool']);
    writeFileSync(join(folder, 'Packages'), listed);
    writeFileSync(join(folder, 'Packages.gz'), gzipSync(listed, { level: 9 }));
  }
  const dists = join(apt, `dists/${SUITE}`);
  for (const name of ['Release', 'InRelease', 'Release.gpg']) rmSync(join(dists, name), { force: true });
  const fields = releaseFields(ARCHITECTURES).flatMap((field) => ['-o', field]);
  writeFileSync(join(dists, 'Release'), await must(['apt-ftparchive', ...fields, 'release', dists]));
  await signer.gpg('--clearsign', '--output', join(dists, 'InRelease'), join(dists, 'Release'));
  await signer.gpg('--detach-sign', '--armor', '--output', join(dists, 'Release.gpg'), join(dists, 'Release'));
}

/** The package that brings the key, so that an upgrade can bring the next one. */
async function keyringPackage(pool: string, signer: Signer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-keyring-'));
  try {
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'DEBIAN'));
    mkdirSync(join(folder, KEYRING.file, '..'), { recursive: true });
    await signer.exportKey(join(folder, KEYRING.file), 'binary');
    chmodSync(join(folder, KEYRING.file), 0o644);
    writeFileSync(join(folder, 'DEBIAN/control'), keyringControl(version));
    const env = { SOURCE_DATE_EPOCH: String(await builtAt()) };
    const file = join(pool, `${KEYRING.name}_${version}_all.deb`);
    await must(['dpkg-deb', '--root-owner-group', '-Zxz', '--build', folder, file], { env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

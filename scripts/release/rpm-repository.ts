import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RPM_ARCHITECTURE } from '../../src/packaging/rpm.ts';
import type { Signer } from './keys.ts';
import { must } from './project.ts';

/** Makes the folder `rpm` of a repository from every rpm package of a folder: packages and lists are signed. */
export async function rpmRepository(from: string, into: string, signer: Signer): Promise<void> {
  for (const architecture of Object.values(RPM_ARCHITECTURE)) {
    const folder = join(into, 'rpm', architecture);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(from).filter((one) => one.endsWith(`.${architecture}.rpm`))) {
      copyFileSync(join(from, name), join(folder, name));
      const definitions = [`_gpg_name ${signer.fingerprint}`, `_gpg_path ${signer.home}`, '__gpg /usr/bin/gpg'];
      await must(['rpmsign', ...definitions.flatMap((one) => ['--define', one]), '--addsign', join(folder, name)]);
    }
    await must(['createrepo_c', '--quiet', '--update', folder]);
    const list = join(folder, 'repodata/repomd.xml');
    rmSync(`${list}.asc`, { force: true });
    await signer.gpg('--detach-sign', '--armor', '--output', `${list}.asc`, list);
  }
}

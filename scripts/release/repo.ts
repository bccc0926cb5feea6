/**
 * Builds dist/repository, which any web server can serve: `npm run build:repo -- --key FILE --url URL`. FILE holds the secret
 * key that signs; `--new-key FILE` makes one instead of building.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ABOUT } from '../../src/packaging/project.ts';
import { aptSource, dnfSource, KEYRING } from '../../src/packaging/repository.ts';
import { aptRepository } from './apt-repository.ts';
import { writeChecksums } from './checksums.ts';
import { buildDeb } from './deb-file.ts';
import { buildExecutables } from './executable-file.ts';
import { makeKey, signerOf } from './keys.ts';
import { ARCHITECTURES, dist } from './project.ts';
import { buildRpm } from './rpm-file.ts';
import { rpmRepository } from './rpm-repository.ts';

const options = { key: { type: 'string' }, url: { type: 'string' }, 'new-key': { type: 'string' } } as const;
const { values } = parseArgs({ options });

async function build(key: string, url: string): Promise<void> {
  const repository = join(dist, 'repository');
  const signer = await signerOf(key);
  try {
    await buildExecutables();
    for (const architecture of ARCHITECTURES) {
      await buildDeb(architecture);
      await buildRpm(architecture);
    }
    writeChecksums();
    await aptRepository(dist, repository, signer);
    await rpmRepository(dist, repository, signer);
    await signer.exportKey(join(repository, `${KEYRING.name}.asc`), 'text');
    await signer.exportKey(join(repository, `${KEYRING.name}.gpg`), 'binary');
    writeFileSync(join(repository, `${ABOUT.name}.sources`), aptSource(url));
    writeFileSync(join(repository, `${ABOUT.name}.repo`), dnfSource(url));
  } finally {
    await signer.close();
  }
}

if (values['new-key'] !== undefined) {
  await makeKey(ABOUT.maintainer, values['new-key']);
} else if (values.key !== undefined && values.url !== undefined) {
  await build(values.key, values.url);
  process.stdout.write('dist/repository\n');
} else {
  process.stderr.write('build:repo needs --key FILE (or --new-key FILE, once) and --url URL\n');
  process.exitCode = 2;
}

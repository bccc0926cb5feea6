/** Installs the packages in clean trees: debs in Debian's releases, rpms by dnf; starts the arm64 executable. `npm run try:packages` */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { aptRepository } from './apt-repository.ts';
import { buildDeb } from './deb-file.ts';
import { buildExecutables, executableName } from './executable-file.ts';
import { trialSigner } from './keys.ts';
import { dist, must } from './project.ts';
import { buildRpm } from './rpm-file.ts';
import { rpmRepository } from './rpm-repository.ts';
import { tryDebIn } from './trial-deb.ts';
import { tryDnf } from './trial-dnf.ts';

const RELEASES = ['bullseye', 'bookworm', 'trixie'];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const work = mkdtempSync(join(tmpdir(), 'portfence-trial-'));
const packages = join(work, 'packages');
mkdirSync(packages);
const signer = await trialSigner();
try {
  await buildExecutables();
  const arm = join(dist, executableName('arm64'));
  say(`arm64: ${(await must(['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', arm, '--version'])).trim()}`);
  for (const architecture of ['x64', 'arm64'] as const) {
    await buildDeb(architecture, { into: packages, fast: true });
    await buildRpm(architecture, { into: packages, fast: true });
  }
  const repository = join(work, 'repository');
  await aptRepository(packages, repository, signer);
  await rpmRepository(packages, repository, signer);
  await signer.exportKey(join(repository, 'key.asc'), 'text');
  await signer.exportKey(join(repository, 'key.gpg'), 'binary');
  for (const release of RELEASES) say(`${release}: ${await tryDebIn(release, repository)}`);
  say(`dnf: ${await tryDnf(work, repository)}`);
} finally {
  await signer.close();
  rmSync(work, { recursive: true, force: true });
}

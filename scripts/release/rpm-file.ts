import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RPM_ARCHITECTURE, rpmSpec } from '../../src/packaging/rpm.ts';
import { type Architecture, builtAt, dist, must, type PackageOptions, version } from './project.ts';
import { filesOf, stage } from './staging.ts';

/** Builds an rpm package from the executable in `dist`; gives its name in `into`. */
export async function buildRpm(
  architecture: Architecture,
  { as = version, into = dist, fast = false }: PackageOptions = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-rpm-'));
  try {
    const staged = join(folder, 'staged');
    mkdirSync(staged);
    const files = await filesOf(architecture, '/usr/share/zsh/site-functions');
    await stage(staged, files);
    const spec = join(folder, 'portfence.spec');
    const time = await builtAt();
    writeFileSync(spec, rpmSpec({ version: as, files, staged, builtAt: time, fast }));
    const definitions = [
      ...[`_topdir ${folder}/top`, '_buildhost portfence', 'use_source_date_epoch_as_buildtime 1'],
      'clamp_mtime_to_source_date_epoch 1',
    ];
    const target = RPM_ARCHITECTURE[architecture];
    const flags = [...definitions.flatMap((one) => ['--define', one]), '--target', `${target}-linux`];
    await must(['rpmbuild', '-bb', ...flags, spec], { env: { SOURCE_DATE_EPOCH: String(time) } });
    const built = join(folder, 'top/RPMS', target);
    const [name = ''] = readdirSync(built);
    copyFileSync(join(built, name), join(into, name));
    return name;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { type Applied, apply } from '../apply/apply.ts';
import { requireRoot } from '../apply/locked.ts';
import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { SERVICES, SYSCTL_FILE, unitFile } from './paths.ts';
import { type PrepareOptions, prepareInstall } from './prepare.ts';
import { isBooted, systemctl } from './systemctl.ts';

export interface InstallOptions extends PrepareOptions {
  /** Whether the fence is applied and the units are started now; else they are at the next boot. */
  readonly start: boolean;
  readonly say: (line: string) => void;
}

export interface Installed {
  readonly files: readonly { readonly path: string; readonly changed: boolean }[];
  readonly applied: Applied | undefined;
  readonly notes: readonly string[];
}

/**
 * Makes the fence last: applies it, writes the files, and has systemd start it at every boot before anything starts a
 * container. Writes nothing that is there already. Throws what `apply` throws, before any file is written; USAGE without
 * systemd; SYSTEM where systemd refuses.
 */
export async function install(system: System, options: InstallOptions): Promise<Installed> {
  requireRoot(system);
  const { root = '' } = options;
  const starts = options.start && root === '';
  if (starts && !(await isBooted(system))) {
    throw new PortfenceError('USAGE', 'systemd does not run this host', {
      hint: '--no-start writes the files alone, --root DIR writes them into an image',
    });
  }
  await prepareInstall(system, options); // Whatever speaks against it is said before anything changes.
  const applied = starts
    ? await apply(system, {
        policy: options.policy,
        dockerHost: options.dockerHost,
        backend: options.backend,
        say: options.say,
      })
    : undefined;
  const { files, notes } = await prepareInstall(system, options);
  const written: { path: string; changed: boolean }[] = [];
  for (const { path, text, mode } of files) {
    const changed = (await system.readText(`${root}${path}`)) !== text;
    if (changed) await system.writeText(`${root}${path}`, text, mode);
    written.push({ path: `${root}${path}`, changed });
  }
  if (!files.some(({ path }) => path === SYSCTL_FILE)) await system.remove(`${root}${SYSCTL_FILE}`);
  const units = SERVICES.map((name) => `${root}${unitFile(name)}`);
  const rewritten = written.some(({ path, changed }) => changed && units.includes(path));
  if (starts && rewritten) await systemctl(system, ['daemon-reload']);
  if (starts && rewritten) await systemctl(system, ['try-restart', SERVICES[1]]);
  await systemctl(system, [...(root ? ['--root', root] : []), 'enable', ...(starts ? ['--now'] : []), ...SERVICES]);
  return { files: written, applied, notes };
}

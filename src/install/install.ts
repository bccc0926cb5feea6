import { PortfenceError } from '../errors.ts';
import { type Applied, apply } from '../reconcile/apply.ts';
import { requireRoot } from '../reconcile/locked.ts';
import type { System } from '../system/system.ts';
import type { InstallFile } from './files.ts';
import { ENABLING_FOLDERS, SERVICES, SYSCTL_FILE, unitFile } from './paths.ts';
import { type PrepareOptions, prepareInstall } from './prepare.ts';
import { isBooted, systemctl } from './systemctl.ts';
import { treeOf } from './tree.ts';

/** What `install systemd` was asked for; `say` gets a line for the person who waits. */
export interface InstallOptions extends PrepareOptions {
  /** Whether the fence is applied and the units are started now; else they are at the next boot. */
  readonly start: boolean;
  readonly say: (line: string) => void;
}

/**
 * What an installation did: every file, whether it was written, and the apply (undefined where nothing was
 * started).
 */
export interface Installed {
  readonly files: readonly { readonly path: string; readonly changed: boolean }[];
  readonly applied: Applied | undefined;
  readonly notes: readonly string[];
}

/** What an installation would write, and which of it differs from what is there. Changes nothing. Throws as `prepareInstall`. */
export async function previewInstall(
  system: System,
  options: PrepareOptions,
): Promise<{
  readonly files: readonly (InstallFile & { readonly changed: boolean })[];
  readonly notes: readonly string[];
}> {
  const tree = treeOf(system, options.root);
  const { files, notes } = await prepareInstall(system, options);
  const compared = files.map(async (file) => ({ ...file, changed: (await tree.readText(file.path)) !== file.text }));
  return { files: await Promise.all(compared), notes };
}

/**
 * Makes the fence last: applies it, writes the files, and has systemd start it at every boot before anything starts a
 * container. Writes nothing that is there already. Throws what `apply` throws, before any file is written; USAGE without
 * systemd; SYSTEM where systemd refuses.
 */
export async function install(system: System, options: InstallOptions): Promise<Installed> {
  requireRoot(system);
  const { root = '' } = options;
  const tree = treeOf(system, options.root);
  const starts = options.start && root === '';
  if (starts && !(await isBooted(system))) {
    throw new PortfenceError('USAGE', 'systemd does not run this host', {
      hint: '--no-start writes the files alone, --root DIR writes them into an image',
    });
  }
  for (const folder of ENABLING_FOLDERS) await tree.requireInside(folder);
  // Whatever speaks against it is said before anything changes.
  const wanted = await previewInstall(system, options);
  for (const { path, changed } of wanted.files) if (changed) await tree.requireWritable(path);
  const applied = starts
    ? await apply(system, {
        policy: options.policy,
        dockerHost: options.dockerHost,
        backend: options.backend,
        say: options.say,
      })
    : undefined;
  const { files, notes } = await previewInstall(system, options);
  for (const { path, text, mode, changed } of files) if (changed) await tree.writeText(path, text, mode);
  const written = files.map(({ path, changed }) => ({ path: `${root}${path}`, changed }));
  if (!files.some(({ path }) => path === SYSCTL_FILE)) await tree.remove(SYSCTL_FILE);
  const units = SERVICES.map(unitFile);
  let rewritten = written.some(({ path, changed }) => changed && units.some((unit) => path === `${root}${unit}`));
  // Where the unit of a package is what is wanted, one of an earlier installation would hide it.
  for (const unit of units.filter((path) => !files.some((file) => file.path === path))) {
    rewritten ||= await tree.isThere(unit);
    await tree.remove(unit);
  }
  if (starts && rewritten) await systemctl(system, ['daemon-reload']);
  if (starts && rewritten) await systemctl(system, ['try-restart', SERVICES[1]]);
  await systemctl(system, [...(root ? ['--root', root] : []), 'enable', ...(starts ? ['--now'] : []), ...SERVICES]);
  return { files: written, applied, notes };
}

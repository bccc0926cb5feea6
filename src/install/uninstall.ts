import { requireRoot } from '../reconcile/locked.ts';
import { type Removed, remove } from '../reconcile/remove.ts';
import type { System } from '../system/system.ts';
import { digest, readManifest } from './files.ts';
import {
  ENABLING_FOLDERS,
  FOLDER,
  MANIFEST_FILE,
  POLICY_FILE,
  packagedUnitFile,
  RULES_FILES,
  SERVICES,
  STATE_FILE,
  SYSCTL_FILE,
  unitFile,
} from './paths.ts';
import { isBooted, systemctl } from './systemctl.ts';
import { treeOf } from './tree.ts';

/** What `uninstall` was asked for; `root` undefined for this host. */
export interface UninstallOptions {
  readonly root: string | undefined;
  readonly keepPolicy: boolean;
  /** Cuts the connections that were mapped instead of letting them end. */
  readonly now: boolean;
  readonly say: (line: string) => void;
}

/** What `uninstall` did; paths without the root. */
export interface Uninstalled {
  /** Files that were there and are gone. */
  readonly files: readonly string[];
  /** The policy file, where it stays: on demand, or since it was changed. */
  readonly policyLeft: string | null;
  /** What `portfence remove` did; null for the files of another system. */
  readonly removed: Removed | null;
}

const FILES = [...RULES_FILES, STATE_FILE, SYSCTL_FILE, ...SERVICES.map(unitFile)];

/** Takes an installation away: units, files, then the fence itself. Throws NOT_ROOT, LOCKED, KERNEL_REFUSED, SYSTEM. */
export async function uninstall(system: System, options: UninstallOptions): Promise<Uninstalled> {
  requireRoot(system);
  const { root = '' } = options;
  const tree = treeOf(system, options.root);
  const isHere = root === '';
  const runs = isHere && (await isBooted(system));
  const units = (
    await Promise.all(
      SERVICES.map(async (name) =>
        (await tree.isThere(unitFile(name))) || (await tree.readText(packagedUnitFile(name))) !== undefined ? name : [],
      ),
    )
  ).flat();
  // The agent first: it would put back what is taken away.
  if (units.length > 0) {
    for (const folder of ENABLING_FOLDERS) await tree.requireInside(folder);
    const where = root ? ['--root', root] : [];
    await systemctl(system, [...where, 'disable', ...(runs ? ['--now'] : []), ...units]);
  }
  const removed = isHere ? await remove(system, { now: options.now, say: options.say }) : null;
  const [policyText, manifest] = [await tree.readText(POLICY_FILE), readManifest(await tree.readText(MANIFEST_FILE))];
  const isOurs = policyText !== undefined && manifest?.policy === digest(policyText);
  const goes = [...FILES, MANIFEST_FILE, ...(isOurs && !options.keepPolicy ? [POLICY_FILE] : [])];
  const files: string[] = [];
  for (const path of goes) {
    if (!(await tree.isThere(path))) continue;
    await tree.remove(path);
    files.push(`${root}${path}`);
  }
  await tree.remove(FOLDER);
  if (runs && units.length > 0) {
    await systemctl(system, ['daemon-reload']);
    await system.run(['systemctl', 'reset-failed', ...units]); // Nothing to reset is no failure.
  }
  const policyLeft = policyText !== undefined && !goes.includes(POLICY_FILE) ? `${root}${POLICY_FILE}` : null;
  return { files, policyLeft, removed };
}

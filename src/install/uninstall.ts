import { requireRoot } from '../apply/locked.ts';
import { type Removed, remove } from '../apply/remove.ts';
import type { System } from '../system/system.ts';
import { digest, readManifest } from './files.ts';
import {
  FOLDER,
  MANIFEST_FILE,
  POLICY_FILE,
  RULES_FILE,
  SERVICES,
  STATE_FILE,
  SYSCTL_FILE,
  unitFile,
} from './paths.ts';
import { isBooted, systemctl } from './systemctl.ts';

export interface UninstallOptions {
  readonly root: string | undefined;
  readonly keepPolicy: boolean;
  /** Cuts the connections that were mapped instead of letting them end. */
  readonly now: boolean;
  readonly say: (line: string) => void;
}

export interface Uninstalled {
  /** Files that were there and are gone. */
  readonly files: readonly string[];
  /** The policy file, where it stays: kept on demand, or not as we wrote it. */
  readonly policyLeft: string | null;
  /** What `portfence remove` did; null for the files of another system. */
  readonly removed: Removed | null;
}

const FILES = [RULES_FILE, STATE_FILE, SYSCTL_FILE, ...SERVICES.map(unitFile)];

/** Takes an installation away: units, files, then the fence itself. Throws NOT_ROOT, LOCKED, KERNEL_REFUSED, SYSTEM. */
export async function uninstall(system: System, options: UninstallOptions): Promise<Uninstalled> {
  requireRoot(system);
  const { root = '' } = options;
  const isHere = root === '';
  const runs = isHere && (await isBooted(system));
  const units = (
    await Promise.all(SERVICES.map(async (name) => ((await exists(system, `${root}${unitFile(name)}`)) ? name : [])))
  ).flat();
  // The agent first: it would put back what is taken away.
  if (units.length > 0) {
    const where = root ? ['--root', root] : [];
    await systemctl(system, [...where, 'disable', ...(runs ? ['--now'] : []), ...units]);
  }
  const removed = isHere ? await remove(system, { now: options.now, say: options.say }) : null;
  const [policyText, manifest] = [
    await system.readText(`${root}${POLICY_FILE}`),
    readManifest(await system.readText(`${root}${MANIFEST_FILE}`)),
  ];
  const isOurs = policyText !== undefined && manifest?.policy === digest(policyText);
  const goes = [...FILES, MANIFEST_FILE, ...(isOurs && !options.keepPolicy ? [POLICY_FILE] : [])];
  const files: string[] = [];
  for (const path of goes.map((one) => `${root}${one}`)) {
    if (!(await exists(system, path))) continue;
    await system.remove(path);
    files.push(path);
  }
  await system.remove(`${root}${FOLDER}`);
  if (runs && units.length > 0) {
    await systemctl(system, ['daemon-reload']);
    await system.run(['systemctl', 'reset-failed', ...units]); // Nothing to reset is no failure.
  }
  const policyLeft = policyText !== undefined && !goes.includes(POLICY_FILE) ? `${root}${POLICY_FILE}` : null;
  return { files, policyLeft, removed };
}

const exists = async (system: System, path: string): Promise<boolean> => (await system.readText(path)) !== undefined;

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortfenceError } from '../../src/errors.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import type { Argv } from '../../src/system/system.ts';
import { openResidentShell } from './resident-shell.ts';

/** Mounts namespaces under names, and takes them away, as an engine does; in a mount namespace of its own. */
export interface Mounter {
  /** Runs a command where the mounts are seen, in the network namespace of the testbed's host. */
  enter(argv: Argv): Argv;
  /** Settles when all are mounted; gives when that began (`performance.now`). */
  mount(namespaces: readonly { readonly name: string; readonly path: string }[]): Promise<{ readonly began: number }>;
  unmount(names: readonly string[]): Promise<void>;
}

/** One process for all the mounts that a table lists, so that the last comes no later than the first. */
const LOOP = `
while read -r what rest; do
  case $what in
    mount) mount --all --fstab "$rest" ;;
    unmount) umount $rest && rm $rest ;;
  esac
  echo "$?"
done
`;

/** Starts it; it ends with the testbed. */
export async function openMounter(testbed: Testbed, folder: string): Promise<Mounter> {
  const { enter, ask } = await openResidentShell(testbed, LOOP);
  const done = async (line: string): Promise<void> => {
    if ((await ask(line)) !== '0') throw new PortfenceError('SYSTEM', `${line} failed`);
  };
  const at = (name: string): string => join(folder, name);
  const table = `${folder}.fstab`;
  return {
    enter,
    mount: async (namespaces) => {
      await writeFile(table, namespaces.map(({ name, path }) => `${path} ${at(name)} none bind\n`).join(''));
      await Promise.all(namespaces.map(({ name }) => writeFile(at(name), '')));
      const began = performance.now();
      await done(`mount ${table}`);
      return { began };
    },
    unmount: (names) => done(`unmount ${names.map(at).join(' ')}`),
  };
}

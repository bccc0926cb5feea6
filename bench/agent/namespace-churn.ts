import { PortfenceError } from '../../src/errors.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import type { Argv } from '../../src/system/system.ts';
import { openResidentShell } from './resident-shell.ts';

/** Makes network namespaces under names in a folder, and takes them away; in a mount namespace of its own. */
export interface NamespaceChurn {
  /** Runs a command where the names are seen, in the network namespace of the testbed's host. */
  enter(argv: Argv): Argv;
  /** So many come at the same time, live for a moment and go. */
  comeAndGo(count: number): Promise<void>;
}

/** Lazily, as engines do: a process that has the namespace open for a moment must not delay them. */
const LOOP = `
n=0
while read -r count; do
  names=
  end=$((n + count))
  while [ $n -lt $end ]; do
    n=$((n + 1))
    : >"$0/c$n"
    unshare --net="$0/c$n" true &
    names="$names $0/c$n"
  done
  wait
  sleep 0.1
  umount --lazy $names && rm $names
  echo "$?"
done
`;

/** Starts it; it ends with the testbed. */
export async function openNamespaceChurn(testbed: Testbed, folder: string): Promise<NamespaceChurn> {
  const { enter, ask } = await openResidentShell(testbed, LOOP, folder);
  return {
    enter,
    comeAndGo: async (count) => {
      if ((await ask(String(count))) !== '0')
        throw new PortfenceError('SYSTEM', 'namespaces could not be made or taken away');
    },
  };
}

import { PortfenceError } from '../../src/errors.ts';
import type { World } from '../../src/lab/world.ts';
import type { Argv } from '../../src/system/system.ts';
import { openApart } from './apart.ts';

/** Makes network namespaces under names in a folder, and takes them away; in a mount namespace of its own. */
export interface Factory {
  /** Runs a command where the names are seen, in the network namespace of the world's host. */
  enter(argv: Argv): Argv;
  /** So many come at the same time, live for a moment and go. */
  comeAndGo(count: number): Promise<void>;
}

/** Lazily, as engines do: whoever has the namespace open for a moment must not hold them up. */
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

export async function openFactory(world: World, folder: string): Promise<Factory> {
  const { enter, ask } = await openApart(world, LOOP, folder);
  return {
    enter,
    comeAndGo: async (count) => {
      if ((await ask(String(count))) !== '0')
        throw new PortfenceError('SYSTEM', 'namespaces could not be made or taken away');
    },
  };
}

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { startChild } from '../system/child.ts';
import { run } from '../system/run.ts';
import type { Argv, ChildHandle } from '../system/system.ts';
import { makeLabFolder } from './lab-folder.ts';
import type { Testbed } from './testbed.ts';

/** Mount and process namespaces for a program that starts others, mounts things and edits /etc; all of that ends with the engine host. */
export interface EngineHost {
  /** A private folder, removed with the engine host. */
  readonly folder: string;
  /** Parent of the control groups made inside; unique on the machine. */
  readonly cgroup: string;
  /** The same command, run inside, in the caller's network namespace. */
  enter(argv: Argv): Argv;
  /** Ends every process inside at once, then removes the folder and the control groups. */
  close(): Promise<void>;
}

/**
 * Opens an engine host that closes with the testbed, or at once where the work in it fails. Further calls of `close` do nothing. With
 * a Debian's `tree`, its /usr and its /etc stand in place of the machine's: what else is run inside lies elsewhere, as the Node and
 * the checkout of `npm test` do. Throws what the work throws.
 */
export async function withEngineHost<T>(
  testbed: Testbed,
  work: (engineHost: EngineHost, close: () => Promise<void>) => Promise<T>,
  { tree }: { readonly tree?: string | undefined } = {},
): Promise<T> {
  const engineHost = await openEngineHost(tree);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= engineHost.close();
    return closing;
  };
  testbed.onClose(close);
  try {
    return await work(engineHost, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens an engine host with its own /run, and an /etc that can be written to without the machine noticing. */
async function openEngineHost(tree?: string): Promise<EngineHost> {
  const made = await makeLabFolder();
  const folder = made.path;
  await chmod(folder, 0o711); // A remapped root has to pass through, and has no rights here.
  let keeper: ChildHandle | undefined;
  const close = async (): Promise<void> => {
    await keeper?.stop();
    await made.remove();
  };
  try {
    // When cat(1), the first process of its namespace, sees the end of our pipe, the kernel kills all others there.
    keeper = await startChild(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'cat']);
    const namespaces = `/proc/${keeper.pid}/ns`;
    const enter = (argv: Argv): Argv => [
      'nsenter',
      `--mount=${namespaces}/mnt`,
      `--pid=${namespaces}/pid_for_children`,
      '--',
      ...argv,
    ];
    const expect = async (argv: Argv): Promise<void> => {
      const { code, stderr } = await run(enter(argv));
      if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
    };
    const written = join(folder, 'written');
    await expect(['mkdir', written]);
    await expect(['mount', '-t', 'tmpfs', 'tmpfs', written]);
    for (const part of tree === undefined ? ['/etc'] : ['/etc', '/usr']) {
      const [upper, work] = [`${written}${part}/upper`, `${written}${part}/work`];
      await expect(['mkdir', '-p', upper, work]);
      const layers = `lowerdir=${tree ?? ''}${part},upperdir=${upper},workdir=${work}`;
      await expect(['mount', '-t', 'overlay', '-o', layers, 'overlay', part]);
    }
    // A mount of the machine's (ip-netns(8) makes one) would still be listed below the new /run, and mislead containerd.
    await run(enter(['umount', '--recursive', '--lazy', '/run/netns']));
    await expect(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
    // The machine's own name servers can't be reached from the lab, and its file may be a link into the old /run.
    await writeFile(join(folder, 'resolv.conf'), 'nameserver 203.0.113.10\n');
    await expect(['cp', '--remove-destination', join(folder, 'resolv.conf'), '/etc/resolv.conf']);
    return { folder, cgroup: made.name, enter, close };
  } catch (error) {
    await close();
    throw error;
  }
}

import { Argument } from 'commander';
import { EXIT } from '../../errors.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { engineSockets } from '../engine-sockets.ts';
import { ROOT_WORDS, rootOf } from './root-folder.ts';

interface Options extends CommonFlags {
  readonly root?: string;
  readonly keepPolicy?: boolean;
  readonly now?: boolean;
}

/** `portfence uninstall`: takes an installation away, and the fence. */
export const uninstallCommand: AddCommand = (program, { system, say }, respond) => {
  program
    .command('uninstall')
    .addArgument(new Argument('[what]', 'what `install` was told').choices(['systemd']))
    .description('take every trace of an installation away, the fence too; a policy that was changed stays')
    .option('--keep-policy', 'leave the policy file')
    .option('--now', 'cut the connections that were mapped instead of letting them end')
    .option('--root <folder>', ROOT_WORDS, rootOf)
    .option('--json', 'one JSON document')
    .action(async (_: string | undefined, { root, keepPolicy = false, now = false, json = false }: Options) => {
      const [{ uninstall }, { restoreContainers }, { uninstalledText }] = await Promise.all([
        import('../../install/uninstall.ts'),
        import('../../agent/restore-containers.ts'),
        import('../../report/installed.ts'),
      ]);
      const done = await uninstall(system, { root, keepPolicy, now, say });
      if (root === undefined) await restoreContainers(system, { sockets: engineSockets(system), say });
      respond({ exit: EXIT.fine, ...uninstalledText(done) }, json);
    });
};

import { EXIT, PortfenceError } from '../../errors.ts';
import { remove } from '../../reconcile/remove.ts';
import { removeAndWait } from '../../reconcile/remove-and-wait.ts';
import { removedText } from '../../report/removed.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { engineSockets } from '../engine-sockets.ts';

interface Options extends CommonFlags {
  readonly now?: boolean;
  readonly wait?: boolean;
}

/** `portfence remove`: takes the fence away; open connections live on unless `--now`. */
export const removeCommand: AddCommand = (program, context, respond) => {
  program
    .command('remove')
    .description('take the fence away and put back what was there; open connections live on')
    .option('--now', 'cut the connections that were mapped instead of letting them end')
    .option('--wait', 'come back when the last of them has ended, and nothing is left')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { system, say } = context;
      if (options.now && options.wait)
        throw new PortfenceError('USAGE', '--now leaves no connection to --wait for', { hint: 'give one of them' });
      const { restoreContainers } = await import('../../agent/restore-containers.ts');
      const restored = () => restoreContainers(system, { sockets: engineSockets(system), say });
      const removed = await (options.wait
        ? removeAndWait(system, { say, meanwhile: restored })
        : remove(system, { now: options.now ?? false, say }));
      if (!options.wait) await restored();
      respond({ exit: EXIT.fine, json: removed, text: removedText(removed) }, options.json ?? false);
    });
};

import { remove } from '../../apply/remove.ts';
import { EXIT } from '../../errors.ts';
import { removedText } from '../../report/removed.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { engineSockets } from '../engine-sockets.ts';

interface Options extends CommonFlags {
  readonly now?: boolean;
}

export const removeCommand: AddCommand = (program, context, respond) => {
  program
    .command('remove')
    .description('take the fence away and put back what was there; open connections live on')
    .option('--now', 'cut the connections that were mapped instead of letting them end')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { system, say } = context;
      const { takeBack } = await import('../../agent/take-back.ts');
      const removed = await remove(system, { now: options.now ?? false, say });
      await takeBack(system, { sockets: engineSockets(system), say });
      respond({ exit: EXIT.fine, json: removed, text: removedText(removed) }, options.json ?? false);
    });
};

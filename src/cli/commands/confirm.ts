import { confirm } from '../../apply/rollback.ts';
import { EXIT } from '../../errors.ts';
import type { AddCommand, CommonFlags } from '../context.ts';

export const confirmCommand: AddCommand = (program, context, respond) => {
  program
    .command('confirm')
    .description('keep what `apply --confirm` has made; without it, it is taken back')
    .option('--json', 'one JSON document')
    .action(async (options: CommonFlags) => {
      await confirm(context.system, context.say);
      respond(
        { exit: EXIT.fine, json: { confirmed: true }, text: ['confirmed: the fence stays'] },
        options.json ?? false,
      );
    });
};

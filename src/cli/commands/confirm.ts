import { EXIT } from '../../errors.ts';
import { confirm } from '../../reconcile/rollback.ts';
import type { AddCommand, CommonFlags } from '../context.ts';

/** `portfence confirm`: keeps what `apply --confirm` made. */
export const confirmCommand: AddCommand = (program, context, respond) => {
  program
    .command('confirm')
    .description('keep what `apply --confirm` has made; without it, it is rolled back')
    .option('--json', 'one JSON document')
    .action(async (options: CommonFlags) => {
      await confirm(context.system, context.say);
      respond(
        { exit: EXIT.fine, json: { confirmed: true }, text: ['confirmed: the fence stays'] },
        options.json ?? false,
      );
    });
};

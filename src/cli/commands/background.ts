import { EXIT } from '../../errors.ts';
import { AWAIT_COMMAND } from '../../kubernetes/cleanup.ts';
import { DRAIN_COMMAND, drain } from '../../reconcile/remove.ts';
import { ROLLBACK_COMMAND, rollBackUnlessConfirmed } from '../../reconcile/rollback.ts';
import { awaitDaemonSet } from '../await-daemonset.ts';
import type { AddCommand } from '../context.ts';

/** What portfence starts itself, or has a cluster start, to wait for something without a terminal. Not in the help. */
export const backgroundCommands: AddCommand = (program, context, respond) => {
  const { system } = context;
  program.command(`${ROLLBACK_COMMAND} <token>`, { hidden: true }).action(async (token: string) => {
    await rollBackUnlessConfirmed(system, token);
  });
  program.command(`${DRAIN_COMMAND} <token>`, { hidden: true }).action(async (token: string) => {
    await drain(system, token);
  });
  program
    .command(`${AWAIT_COMMAND} <name>`, { hidden: true })
    .option('--timeout <seconds>', 'give up after this time', '600')
    .action(async (name: string, { timeout }: { readonly timeout: string }) => {
      const nodes = await awaitDaemonSet(context, { name, timeoutMs: Number(timeout) * 1000 });
      respond({ exit: EXIT.fine, json: { name, nodes }, text: [`${name} is done on ${nodes} nodes`] }, false);
    });
};

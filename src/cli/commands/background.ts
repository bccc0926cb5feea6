import { DRAIN_COMMAND, drain } from '../../apply/remove.ts';
import { ROLLBACK_COMMAND, rollBackUnlessConfirmed } from '../../apply/rollback.ts';
import type { AddCommand } from '../context.ts';

/** What portfence starts itself, to wait for something without a terminal. Not in the help. */
export const backgroundCommands: AddCommand = (program, { system }) => {
  program.command(`${ROLLBACK_COMMAND} <token>`, { hidden: true }).action(async (token: string) => {
    await rollBackUnlessConfirmed(system, token);
  });
  program.command(`${DRAIN_COMMAND} <token>`, { hidden: true }).action(async (token: string) => {
    await drain(system, token);
  });
};

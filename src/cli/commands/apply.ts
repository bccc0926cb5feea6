import { InvalidArgumentError } from 'commander';
import { EXIT } from '../../errors.ts';
import { type AddressRow, addressTable } from '../../plan/address-table.ts';
import { apply } from '../../reconcile/apply.ts';
import { addressLines } from '../../report/address-table.ts';
import { appliedText } from '../../report/applied.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly confirm?: number;
}

/** `portfence apply`: makes the kernel as the policy says. */
export const applyCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('apply'))
    .description('make the policy true in the kernel, in one transaction, and read it back')
    .option(
      '--confirm <seconds>',
      'show what becomes of source addresses, and roll it back unless `portfence confirm` comes within this time',
      seconds,
    )
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const policy = await policySource(context, options, { applied: false, remember: true });
      let addresses: readonly AddressRow[] | undefined;
      const applied = await apply(context.system, {
        policy,
        say: context.say,
        dockerHost: options.dockerHost,
        backend: options.backend,
        confirmSeconds: options.confirm,
        onSurvey: (found) => {
          if (options.confirm === undefined) return;
          addresses = addressTable(found.plan, found.facts);
          for (const line of addressLines(addresses)) context.say(line);
        },
      });
      for (const note of applied.survey.notes) context.say(`note: ${note}`);
      respond({ exit: EXIT.fine, ...appliedText(applied, addresses) }, options.json ?? false);
    });
};

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 86_400) {
    throw new InvalidArgumentError('write whole seconds, 1 to 86400.');
  }
  return value;
}

import { InvalidArgumentError } from 'commander';
import { apply } from '../../apply/apply.ts';
import { EXIT } from '../../errors.ts';
import { appliedText } from '../../report/applied.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly confirm?: number;
}

export const applyCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('apply'))
    .description('make the policy true in the kernel, in one transaction, and read it back')
    .option('--confirm <seconds>', 'take it back unless `portfence confirm` comes within this time', seconds)
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const policy = await policySource(context, options, { applied: false, remember: true });
      const applied = await apply(context.system, {
        policy,
        say: context.say,
        dockerHost: options.dockerHost,
        backend: options.backend,
        confirmSeconds: options.confirm,
      });
      for (const note of applied.survey.notes) context.say(`note: ${note}`);
      respond({ exit: EXIT.fine, ...appliedText(applied) }, options.json ?? false);
    });
};

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 86_400) {
    throw new InvalidArgumentError('write whole seconds, 1 to 86400.');
  }
  return value;
}

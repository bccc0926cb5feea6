import { Option } from 'commander';
import { EXIT } from '../../errors.ts';
import { ENGINES, type EngineName, engineSysctls } from '../../install/engine-sysctls.ts';
import { observeLinks } from '../../observe/links.ts';
import { engineSysctlsText } from '../../report/engine-sysctls.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly print: EngineName;
}

/** `portfence native`: the engine's own configuration that gives containers their range. */
export const nativeCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('native'))
    .description("print an engine's own configuration, with which containers have the range without the agent")
    .addOption(new Option('--print <engine>', 'the engine to configure').choices(ENGINES).makeOptionMandatory())
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const source = await policySource(context, options, { applied: true });
      const policy = source((await observeLinks(context.system)).map(({ name }) => name));
      const made = engineSysctls(policy, options.print);
      if (made) context.say(`note: this goes into ${made.file}`);
      respond({ exit: EXIT.fine, ...engineSysctlsText(options.print, made) }, options.json ?? false);
    });
};

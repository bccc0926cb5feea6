import { EXIT } from '../../errors.ts';
import { doctorText } from '../../report/doctor.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { examineHost } from '../examine-host.ts';
import { type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';

export const doctorCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('doctor'))
    .description('what on this host would defeat or surprise the fence, each with its remedy; exit 1 on serious ones')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: CommonFlags & PolicyOptions) => {
      const { findings } = await examineHost(context, options);
      const exit = findings.some(({ severity }) => severity === 'serious') ? EXIT.no : EXIT.fine;
      respond({ exit, ...doctorText(findings, { colour: context.colour }) }, options.json ?? false);
    });
};

import { InvalidArgumentError } from 'commander';
import { EXIT } from '../../errors.ts';
import { verifiedText } from '../../report/verified.ts';
import { interruptible } from '../../system/signals.ts';
import { verify } from '../../verify/verify.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly connections: number;
  readonly to?: string;
  readonly compare?: boolean;
}

/** `portfence verify`: sends real packets; exit 1 where one leaves out of range. */
export const verifyCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('verify'))
    .description(
      'send real connections from host and containers and see with which ports and addresses they leave; exit 1 on a leak',
    )
    .option('--connections <number>', 'how many of each kind, 1 to 10000', wholeNumber, 200)
    .option('--to <peer>', 'HOST:PORT to send to (default: documentation addresses, where nobody lives)')
    .option('--compare', 'compare addresses and ports with and without the fence too, in a copy of this host')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const policy = await policySource(context, options, { applied: true });
      const { connections, to, compare, dockerHost } = options;
      const verified = await interruptible((signal) =>
        verify(context.system, { policy, connections, to, compare, dockerHost, say: context.say, signal }),
      );
      respond({ exit: verified.ok ? EXIT.fine : EXIT.no, ...verifiedText(verified) }, options.json ?? false);
    });
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) {
    throw new InvalidArgumentError('write a whole number, 1 to 10000.');
  }
  return value;
}

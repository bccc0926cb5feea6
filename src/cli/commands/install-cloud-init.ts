import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import { EC2_LIMIT, FORMATS, type Format } from '../../install/cloud-init/limits.ts';
import type { CommonFlags, Context, Respond } from '../context.ts';
import { type PolicyOptions, policySource, withPolicyFlags } from '../policy-flags.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly format: Format;
  readonly dns?: boolean;
  readonly ipv6?: boolean;
  readonly from?: string;
  readonly sha256?: string;
  readonly out?: string;
  readonly limit: number;
}

const HELP = `
The instance needs systemd, Linux 5.7, nft 1.0.6 (installed where it is missing) and, for --dns, python3; no Node. With --from it also gets the agent and every command. It is fenced from the end of its
first boot on, and at later boots before anything starts a container; its own port range is set before the first download.
Give it with: aws ec2 run-instances --user-data file://FILE ... In multipart user data put it last: then it adds to\nthe other parts instead of replacing them.`;

/** `portfence install cloud-init`: prints user data that fences a fresh instance. */
export function addCloudInit(install: Command, context: Context, respond: Respond): void {
  withPolicyFlags(install.command('cloud-init'))
    .description('print user data that brings a fresh instance into the fence, without Node on it')
    .addOption(new Option('--format <form>', 'what to print').choices(FORMATS).default(FORMATS[0]))
    .option('--dns', "merge the VPC's resolver into Docker's daemon.json on the instance (see portfence dns)")
    .option('--ipv6', 'with --dns: its IPv6 address as well')
    .option('--from <url>', 'have the instance fetch the executable there, and run the agent')
    .option('--sha256 <sum>', 'with --from: its SHA-256, which is checked before it runs')
    .option('--out <file>', 'write it to a file instead')
    .addOption(new Option('--limit <bytes>', 'the most bytes that the cloud takes').argParser(bytes).default(EC2_LIMIT))
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { format, out, limit, ipv6 = false } = options;
      if (ipv6 && !options.dns) throw new PortfenceError('USAGE', '--ipv6 goes with --dns: it names a resolver');
      const { from, sha256 } = options;
      if ((from === undefined) !== (sha256 === undefined))
        throw new PortfenceError('USAGE', '--from and --sha256 go together: nothing is run that was not checked');
      const [{ userData }, { executableWish }, { requireNftables }, { userDataText }] = await Promise.all([
        import('../../install/cloud-init/user-data.ts'),
        import('../../install/cloud-init/executable.ts'),
        import('../../install/prepare.ts'),
        import('../../report/user-data.ts'),
      ]);
      requireNftables(options.backend);
      const policy = (await policySource(context, options, { applied: true }))([]);
      const dns = options.dns ? { further: ipv6 ? ['fd00:ec2::253'] : [] } : undefined;
      const executable = from !== undefined && sha256 !== undefined ? executableWish(from, sha256) : undefined;
      const made = userData({ policy, format, dns, executable, limit });
      for (const note of made.notes) context.say(`note: ${note}`);
      if (out !== undefined) await context.system.writeOutput(out, made.text);
      respond({ exit: EXIT.fine, ...userDataText(made, { format, out, limit }) }, options.json ?? false);
    });
}

function bytes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('write a number of bytes, like 16384.');
  return value;
}

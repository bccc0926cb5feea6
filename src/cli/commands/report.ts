import { EXIT } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import type { AddCommand } from '../context.ts';
import { withPolicyFlags } from '../policy-flags.ts';
import { type ReportOptions, reportFacts } from '../report-facts.ts';

interface Options extends ReportOptions {
  readonly anonymous?: boolean;
  readonly output?: string;
}

export const reportCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('report'))
    .description(
      'one page for a ticket or an audit: state, addresses, findings, ACL, port map, destinations, versions; HTML on stdout',
    )
    .option('--anonymous', 'replace every name and address')
    .option('--verify', 'verify as well: sends packets, takes seconds')
    .option('--acl <auto|file>', 'whether the fence fits this network ACL (default: the one that the policy names)')
    .option('--subnet <id>', 'with --acl: the subnet of this host')
    .option('--output <file>', 'write there instead')
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const facts = await reportFacts(context, options);
      const { hostReport } = await import('../../report/host-report.ts');
      const { json, html } = hostReport(facts, { anonymous: options.anonymous ?? false });
      if (options.output === undefined) {
        respond({ exit: EXIT.fine, json, text: html }, options.json ?? false);
        return;
      }
      const written = options.json ? `${JSON.stringify(json, null, 2)}\n` : `${html.join('\n')}\n`;
      await context.system.writeOutput(options.output, written);
      respond(
        { exit: EXIT.fine, json: { wrote: options.output }, text: [`wrote ${scrub(options.output)}`] },
        options.json ?? false,
      );
    });
};

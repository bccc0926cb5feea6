import { InvalidArgumentError, Option } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type PolicyOptions, withPolicyFlags } from '../policy-flags.ts';
import { progress } from '../progress.ts';

interface Options extends CommonFlags, PolicyOptions {
  readonly by: 'destination' | 'source' | 'container';
  readonly outOfRange?: boolean;
  readonly hanging?: boolean;
  readonly csv?: boolean;
  readonly limit: number;
}

const MOST_ROWS = 10_000;

/** The scan is loaded only when it is asked for. */
export const flowsCommand: AddCommand = (program, context, respond) => {
  withPolicyFlags(program.command('flows'))
    .description(
      'which destinations, sources and containers use how many ports; exit 1 with --out-of-range when there is a leak',
    )
    .addOption(
      new Option('--by <what>', 'what the rows are')
        .choices(['destination', 'source', 'container'])
        .default('destination'),
    )
    .option('--out-of-range', 'single connections that leave out of range, and what the plan says of each')
    .option('--hanging', 'single connections that have no answer')
    .option('--limit <rows>', 'how many rows are shown', readLimit, 25)
    .option('--docker-host <url>', 'the engine to ask, like unix:///var/run/docker.sock')
    .option('--csv', 'comma-separated values')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      if (options.csv && options.json) throw new PortfenceError('USAGE', '--csv and --json exclude each other');
      if (options.csv && (options.outOfRange || options.hanging))
        throw new PortfenceError('USAGE', '--csv is for the rows of --by; single connections come with --json');
      const { observeFlowReport } = await import('../../flows/flow-report.ts');
      const { flowQuestion } = await import('../flow-question.ts');
      const { flowCsv, flowLines, judgedLines } = await import('../../report/flows.ts');
      const question = await flowQuestion(context, options, options.csv || options.json ? MOST_ROWS : options.limit);
      const { report } = await observeFlowReport(context.system, { ...question, onProgress: progress(context) });
      const { outOfRange, hanging, totals } = report;
      const chosen = [
        ...(options.outOfRange ? judgedLines('connections out of range', outOfRange, totals.outOfRange) : []),
        ...(options.hanging ? judgedLines('connections without an answer', hanging, totals.hanging) : []),
      ];
      const leaks = options.outOfRange === true && outOfRange.some(({ verdict }) => verdict === 'leak');
      const text = options.csv ? flowCsv(report, options.by) : flowLines(report, options.by, options.limit);
      respond(
        { exit: leaks ? EXIT.no : EXIT.fine, json: report, text: chosen.length > 0 ? chosen : text },
        options.json ?? false,
      );
    });
};

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ROWS)
    throw new InvalidArgumentError(`a number from 1 to ${MOST_ROWS} is expected`);
  return limit;
}

import { InvalidArgumentError } from 'commander';
import { EXIT, type ExitCode, PortfenceError } from '../../errors.ts';
import type { JudgedFleet } from '../../fleet/judge.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type FleetTimeout, hearFleetOf, withFleetTimeout } from '../fleet-hosts.ts';

interface Options extends CommonFlags, FleetTimeout {
  readonly from?: string;
  readonly prometheus?: string;
}

const EXITS: Readonly<Record<JudgedFleet['outcome'], ExitCode>> = {
  fine: EXIT.fine,
  broken: EXIT.no,
  unknown: EXIT.refused,
};

/** `portfence fleet`: one look at many hosts. */
export const fleetCommand: AddCommand = (program, context, respond) => {
  withFleetTimeout(program.command('fleet'))
    .description(
      'many hosts in one table, the greatest trouble first; exit 1 when one leaks or is not enforced, 3 when some give no answer',
    )
    .option('--from <file>', 'hosts to ask: an address of an agent a line, or YAML with names; - for standard input')
    .option('--prometheus <url>', 'ask this Prometheus about every agent that it scrapes', url)
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { from, prometheus, timeout } = options;
      if ((from === undefined) === (prometheus === undefined))
        throw new PortfenceError('USAGE', 'the hosts come from a list or from Prometheus', {
          hint: 'portfence fleet --from hosts.txt, or portfence fleet --prometheus http://127.0.0.1:9090',
        });
      const { judgeFleet } = await import('../../fleet/judge.ts');
      const { fleetText } = await import('../../report/fleet.ts');
      const reports = async () => {
        if (prometheus !== undefined) {
          const { askPrometheus } = await import('../../fleet/prometheus.ts');
          return askPrometheus(context.system, prometheus, timeout * 1000);
        }
        const { reportOf } = await import('../../fleet/ask-fleet.ts');
        return (await hearFleetOf(context, from ?? '', options)).map(({ host, heard }) => reportOf(host, heard));
      };
      const fleet = judgeFleet(await reports());
      respond({ exit: EXITS[fleet.outcome], ...fleetText(fleet) }, options.json ?? false);
    });
};

function url(text: string): string {
  if (!/^https?:\/\/[^/?#]+(?:\/[^?#]*)?$/i.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('write its address, like http://127.0.0.1:9090.');
  return text;
}

import { EXIT } from '../../errors.ts';
import { portSet, portsText } from '../../ports.ts';
import type { AddCommand } from '../context.ts';

interface Options {
  readonly docker?: boolean;
  readonly json?: boolean;
}

const PORTS = portSet({ from: 49_152, to: 61_000 });

/** The lab is loaded only when it is asked for: every other command starts faster without it. */
export const labCommand: AddCommand = (program, { say, colour }, respond) => {
  const lab = program
    .command('lab')
    .description('a host behind a stateless network ACL, in namespaces of its own: see the problem and the fence');
  lab
    .command('run')
    .description('show what fails without the fence, apply it, show that all passes, verify, and remove everything')
    .option('--docker', 'with a real Docker engine and the builds that hang')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { labRun } = await import('../../lab/scenario.ts');
      const { labText } = await import('../../lab/lab-report.ts');
      const { runPortfence } = await import('../../lab/run-portfence.ts');
      const { interruptible } = await import('../../system/signals.ts');
      const docker = options.docker ?? false;
      const result = await interruptible((signal) => labRun({ docker, portfence: runPortfence, say, signal }));
      const text = labText(result, { colour });
      respond({ exit: result.ok ? EXIT.fine : EXIT.no, json: result, text }, options.json ?? false);
    });
  lab
    .command('up')
    .description('build the testbed and leave it standing, to play with')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { labUp, NETNS_NAMES } = await import('../../lab/lasting-testbed.ts');
      await labUp(PORTS);
      const text = [
        `the lab is up: namespaces ${Object.values(NETNS_NAMES).join(', ')}; the ACL lets in ports ${portsText(PORTS)}`,
        `  try: ip netns exec ${NETNS_NAMES.host} portfence apply --ports ${portsText(PORTS)}`,
        `       ip netns exec ${NETNS_NAMES.host} portfence verify`,
        '  remove it with: portfence lab down',
      ];
      respond(
        { exit: EXIT.fine, json: { namespaces: NETNS_NAMES, ports: portsText(PORTS) }, text },
        options.json ?? false,
      );
    });
  lab
    .command('down')
    .description('remove the testbed that `lab up` left standing')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const { labDown } = await import('../../lab/lasting-testbed.ts');
      const removed = await labDown();
      const text = [removed ? 'the lab is removed' : 'there was no lab to remove'];
      respond({ exit: EXIT.fine, json: { removed }, text }, options.json ?? false);
    });
};

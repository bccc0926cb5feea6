import { EXIT } from '../../errors.ts';
import { aclFit } from '../acl-fit.ts';
import { type AclOptions, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type FleetTimeout, withFleetTimeout } from '../fleet-hosts.ts';
import { type UsedOptions, withUsedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions, UsedOptions, FleetTimeout {
  readonly fleet?: string;
}

export const addAclCheck: AddCommand = (acl, context, respond) => {
  withFleetTimeout(withUsedPorts(withAclQuestion(acl.command('check'))))
    .description('whether the fence fits the ACL, and which share of new connections hangs; exit 1 when any does')
    .option(
      '--fleet <file>',
      'instead of this host, every host of a list as `portfence fleet` takes it: which of them the ACL would break',
    )
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      if (options.fleet !== undefined) {
        const { aclFleet } = await import('../acl-fleet.ts');
        const { notes, ...answer } = await aclFleet(context, options, options.fleet);
        for (const note of notes) context.say(`note: ${note}`);
        respond(answer, options.json ?? false);
        return;
      }
      const { fits, json, text, notes } = await aclFit(context, options);
      for (const note of notes) context.say(`note: ${note}`);
      respond({ exit: fits ? EXIT.fine : EXIT.no, json, text }, options.json ?? false);
    });
};

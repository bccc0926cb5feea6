import { EXIT } from '../../errors.ts';
import { type AclOptions, askAcl, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type UsedOptions, usedPorts, withUsedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions, UsedOptions {}

export const addAclCheck: AddCommand = (acl, context, respond) => {
  withUsedPorts(withAclQuestion(acl.command('check')))
    .description('whether the fence fits the ACL, and which share of new connections hangs; exit 1 when any does')
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const [{ solve }, { fitOf }, { partsOf }, { recommend }, report] = await Promise.all([
        import('../../acl/solve.ts'),
        import('../../acl/fit.ts'),
        import('../../acl/split.ts'),
        import('../../acl/recommend.ts'),
        import('../../report/acl-check.ts'),
      ]);
      const { question, unjudged, ...ask } = await askAcl(context, options);
      const used = await usedPorts(context, options);
      const notes = [...ask.notes, ...used.notes(question.peers)];
      for (const note of notes) context.say(`note: ${note}`);
      const answer = solve(question);
      const fit = fitOf(answer, used.by);
      const found = {
        ...{ question, fit, used, unjudged, notes },
        recommended: recommend(answer.ranges),
        partsOf: ({ way }: (typeof fit.ways)[number]) => partsOf({ ...question, services: [way.service] }, way.peer),
      };
      const fine = fit.fits && unjudged.length === 0;
      respond({ exit: fine ? EXIT.fine : EXIT.no, ...report.aclCheckText(found) }, options.json ?? false);
    });
};

import { EXIT } from '../../errors.ts';
import { NO_PORTS } from '../../ports.ts';
import { type AclOptions, askAcl, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags } from '../context.ts';
import { type UsedOptions, usedPorts, withUsedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions, UsedOptions {}

export const addAclFix: AddCommand = (acl, context, respond) => {
  withUsedPorts(withAclQuestion(acl.command('fix')))
    .description(
      'print the smallest change that makes ACL and fence fit, as aws commands and Terraform; runs none; exit 1 when there is none',
    )
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const [{ solve }, { fixFor }, { offeredFor }, report] = await Promise.all([
        import('../../acl/solve.ts'),
        import('../../acl/fix.ts'),
        import('../../acl/recommend.ts'),
        import('../../report/acl-fix.ts'),
      ]);
      const { question, unjudged, ...ask } = await askAcl(context, options);
      const used = await usedPorts(context, options);
      const notes = [...ask.notes, ...used.notes(question.peers)];
      for (const note of notes) context.say(`note: ${note}`);
      const fix = fixFor(question, used.by);
      const safe = unjudged.length > 0 ? NO_PORTS : solve(question).ranges;
      const offered = offeredFor(used.fenced ?? used.plain, safe);
      const exit = fix.after.fits && unjudged.length === 0 ? EXIT.fine : EXIT.no;
      const found = { question, fix, used, offered, unjudged, notes };
      respond({ exit, ...report.aclFixText(found) }, options.json ?? false);
    });
};

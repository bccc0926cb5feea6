import { InvalidArgumentError } from 'commander';
import { EXIT, PortfenceError } from '../../errors.ts';
import { NO_PORTS } from '../../ports.ts';
import { scrub } from '../../scrub.ts';
import { type AclOptions, askAcl, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags, Context } from '../context.ts';
import { rangeInUse, type UsedOptions, usedPorts, withUsedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions, UsedOptions {
  readonly out?: Out;
}

interface Out {
  readonly path: string;
  readonly format: 'svg' | 'html';
}

export const addAclShow: AddCommand = (acl, context, respond) => {
  withUsedPorts(withAclQuestion(acl.command('show')))
    .description('draw the axis of source ports: what the ACL lets back in, used now, fenced, recommended')
    .option('--out <file>', 'write it as a picture instead: FILE.svg or FILE.html', out)
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const [{ solve }, { recommend }, { pictureOf }, { askedText }, report] = await Promise.all([
        import('../../acl/solve.ts'),
        import('../../acl/recommend.ts'),
        import('../../report/acl-picture.ts'),
        import('../../report/acl-ranges.ts'),
        import('../../report/acl-show.ts'),
      ]);
      const { question, notes, unjudged } = await askAcl(context, options);
      for (const note of notes) context.say(`note: ${note}`);
      const inUse = await usedPorts(context, options);
      const { source, fenced, plain, words } = inUse;
      const answer = solve(question);
      const recommended = recommend(answer.ranges, rangeInUse(inUse));
      const running = source === 'fence' && fenced;
      const picture = pictureOf({
        ...{ title: askedText(question), answer },
        used: { ports: running || plain, words: running ? words : "the host's own ip_local_port_range" },
        fenced: fenced && { ports: fenced, words },
        recommended: recommended ? [recommended.range] : NO_PORTS,
      });
      if (options.out) await write(context, options.out, report.pictureFile(options.out.format, { picture, answer }));
      const terminal = { width: context.width, ascii: !showsUnicode(context) };
      const shown = {
        question,
        answer,
        picture,
        unjudged,
        notes,
        terminal,
        out: options.out && scrub(options.out.path),
      };
      respond({ exit: EXIT.fine, ...report.aclShownText(shown) }, options.json ?? false);
    });
};

/** As the locale tells (setlocale(3): the first that is set counts). */
function showsUnicode({ system: { env } }: Context): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

async function write({ system }: Context, { path }: Out, text: string): Promise<void> {
  await system.writeText(path, text, 0o644).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PortfenceError('SYSTEM', `can't write ${scrub(path)}: ${scrub(reason)}`, { cause });
  });
}

function out(path: string): Out {
  const [, format] = /\.(svg|html)$/i.exec(path) ?? [];
  if (format === undefined) throw new InvalidArgumentError('write a name that ends in .svg or .html.');
  return { path, format: format.toLowerCase() === 'svg' ? 'svg' : 'html' };
}

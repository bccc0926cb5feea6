import { InvalidArgumentError } from 'commander';
import { EXIT } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import { aclDrawing } from '../acl-drawing.ts';
import { type AclOptions, askAcl, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags, Context } from '../context.ts';
import { type UsedOptions, usedPorts, withUsedPorts } from '../used-ports.ts';

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
      const report = await import('../../report/acl-show.ts');
      const { question, notes, unjudged } = await askAcl(context, options);
      for (const note of notes) context.say(`note: ${note}`);
      const { picture, answer } = await aclDrawing({ question, unjudged }, await usedPorts(context, options));
      if (options.out) {
        const { path, format } = options.out;
        await context.system.writeOutput(path, report.pictureFile(format, { picture, answer }));
      }
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

function out(path: string): Out {
  const [, format] = /\.(svg|html)$/i.exec(path) ?? [];
  if (format === undefined) throw new InvalidArgumentError('write a name that ends in .svg or .html.');
  return { path, format: format.toLowerCase() === 'svg' ? 'svg' : 'html' };
}

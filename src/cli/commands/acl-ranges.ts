import { InvalidArgumentError } from 'commander';
import { EXIT } from '../../errors.ts';
import { type PortRange, parsePorts, rangeText } from '../../ports.ts';
import { type AclOptions, askAcl, withAclQuestion } from '../acl-question.ts';
import type { AddCommand, CommonFlags, Context } from '../context.ts';
import { rangeInUse, usedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions {
  readonly split?: boolean;
  readonly prefer?: PortRange;
}

export const addAclRanges: AddCommand = (acl, context, respond) => {
  withAclQuestion(acl.command('ranges'))
    .description('which source ports pass out and back in; exit 1 when none does')
    .option('--split', 'the parts of each peer that entries tell apart, each with its own ports')
    .option(
      '--prefer <range>',
      'recommend the range that holds this one (default: what this host uses, where --live asks for its subnet)',
      range,
    )
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      const [
        { solve },
        { partsOf },
        { blockedParts },
        { recommend },
        { pathMtuFrom },
        { addressBlock, EVERYWHERE },
        report,
      ] = await Promise.all([
        import('../../acl/solve.ts'),
        import('../../acl/split.ts'),
        import('../blocked-parts.ts'),
        import('../../acl/recommend.ts'),
        import('../../acl/path-mtu.ts'),
        import('../../acl/address-block.ts'),
        import('../../report/acl-ranges.ts'),
      ]);
      const { question, unjudged, ...ask } = await askAcl(context, options);
      const { own, peers } = question;
      const answer = solve(question);
      const recommended = recommend(answer.ranges, options.prefer ?? (await usedHere(context, options)));
      const blocked = options.split ? [] : blockedParts(question, answer);
      const notes = [...ask.notes, ...preferNotes(options.prefer, recommended?.range), ...blocked];
      for (const note of notes) context.say(`note: ${note}`);
      const families = [...new Set(peers.map(({ family }) => family))];
      const found = {
        ...{ question, answer, unjudged, notes },
        recommended,
        pathMtu: Object.fromEntries(families.map((one) => [one, pathMtuFrom(own.acl, addressBlock(EVERYWHERE[one]))])),
        split: options.split ? peers.map((peer) => ({ peer, parts: partsOf(question, peer) })) : undefined,
      };
      const exit = answer.ranges.length > 0 ? EXIT.fine : EXIT.no;
      respond({ exit, ...report.aclRangesText(found) }, options.json ?? false);
    });
};

/** A file may be read anywhere: only where this host's own subnet is asked about does its range count. */
async function usedHere(context: Context, { live, subnet, acl }: Options): Promise<PortRange | undefined> {
  if (!live || subnet !== undefined || acl !== undefined) return undefined;
  return rangeInUse(await usedPorts(context, {}));
}

function preferNotes(preferred: PortRange | undefined, taken: PortRange | undefined): readonly string[] {
  if (!preferred || !taken || (taken.from <= preferred.from && preferred.to <= taken.to)) return [];
  return [`no range that passes holds ${rangeText(preferred)}: the largest one is recommended`];
}

function range(text: string): PortRange {
  try {
    const [only, second] = parsePorts(text);
    if (only && !second) return only;
  } catch {
    // Falls through to the one error for both.
  }
  throw new InvalidArgumentError('write one range of ports, like 49152-61000.');
}

import { InvalidArgumentError } from 'commander';
import type { PortAnswer } from '../../acl/solve.ts';
import { EXIT } from '../../errors.ts';
import { FAMILIES, type Family, NO_PORTS, type PortRange, parsePorts, portsText, rangeText } from '../../ports.ts';
import { type AclOptions, askAbout, withAclQuestion } from '../acl-question.ts';
import { type AclSource, readAclSource } from '../acl-source.ts';
import { asksSeveral } from '../acl-subnets.ts';
import { answerOnChange } from '../acl-watch.ts';
import type { AddCommand, Answer as Answered, CommonFlags, Context } from '../context.ts';
import { rangeInUse, usedPorts } from '../used-ports.ts';

interface Options extends CommonFlags, AclOptions {
  readonly split?: boolean;
  readonly prefer?: PortRange;
  readonly watch?: boolean;
}

export const addAclRanges: AddCommand = (acl, context, respond) => {
  withAclQuestion(acl.command('ranges'))
    .description('which source ports pass out and back in; exit 1 when none does')
    .option('--split', 'the parts of each peer that entries tell apart, each with its own ports')
    .option(
      '--prefer <range>',
      'recommend this range where it passes (default: what this host uses, where --live asks for its subnet)',
      range,
    )
    .option('--json', 'one JSON document')
    .option('--all', 'every subnet that is read: one table, and what passes in all of them; exit 1 where one has none')
    .option('--watch', 'answer again whenever one of the files changes, until interrupted')
    .action(async (options: Options) => {
      const answer = async (): Promise<void> => {
        const source = await readAclSource(context, options);
        const answered = asksSeveral(options, source)
          ? await answerSeveral(context, source, options)
          : await answerOne(context, source, options);
        respond(answered, options.json ?? false);
      };
      if (options.watch) await answerOnChange(context, options, answer);
      else await answer();
    });
};

async function answerSeveral({ say }: Context, source: AclSource, options: Options): Promise<Answered> {
  const [{ answerSubnets }, { aclSubnetsText }] = await Promise.all([
    import('../acl-subnets.ts'),
    import('../../report/acl-subnets.ts'),
  ]);
  const found = answerSubnets(source, options);
  for (const note of found.notes) say(`note: ${note}`);
  const fine = found.common.length > 0 && found.rows.every(({ ranges }) => ranges.length > 0);
  return { exit: fine ? EXIT.fine : EXIT.no, ...aclSubnetsText(found) };
}

async function answerOne(context: Context, source: AclSource, options: Options): Promise<Answered> {
  const [
    { solve, solveByFamily },
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
  const { question, unjudged, ...ask } = askAbout(source, options);
  const { own, peers } = question;
  const answer = solve(question);
  const byFamily = solveByFamily(question);
  const safe = unjudged.length > 0 ? NO_PORTS : answer.ranges;
  const recommended = recommend(safe, { prefer: options.prefer, used: await usedHere(context, options) });
  const blocked = options.split ? [] : [...familyNotes(answer, byFamily), ...blockedParts(question, answer)];
  const notes = [...ask.notes, ...preferNotes(options.prefer, recommended?.range), ...blocked];
  for (const note of notes) context.say(`note: ${note}`);
  const families = [...new Set(peers.map(({ family }) => family))];
  const found = {
    ...{ question, answer, byFamily, unjudged, notes },
    recommended,
    pathMtu: Object.fromEntries(families.map((one) => [one, pathMtuFrom(own.acl, addressBlock(EVERYWHERE[one]))])),
    split: options.split ? peers.map((peer) => ({ peer, parts: partsOf(question, peer) })) : undefined,
  };
  const exit = safe.length > 0 ? EXIT.fine : EXIT.no;
  return { exit, ...report.aclRangesText(found) };
}

/** A file may be read anywhere: only where this host's own subnet is asked about does its range count. */
async function usedHere(context: Context, { live, subnet, acl }: Options): Promise<PortRange | undefined> {
  if (!live || subnet !== undefined || acl !== undefined) return undefined;
  return rangeInUse(await usedPorts(context, {}));
}

/** Where only one family has ports that pass, the joint answer says nothing of it. */
function familyNotes(
  { ranges }: PortAnswer,
  byFamily: Partial<Readonly<Record<Family, PortAnswer>>>,
): readonly string[] {
  if (ranges.length > 0) return [];
  return FAMILIES.flatMap((family) => {
    const own = byFamily[family]?.ranges ?? NO_PORTS;
    if (own.length === 0) return [];
    return [
      `no port serves both families, but ${family} alone has ${portsText(own, ', ')}: --families ${family} asks about it`,
    ];
  });
}

function preferNotes(preferred: PortRange | undefined, taken: PortRange | undefined): readonly string[] {
  if (!preferred || !taken || (taken.from <= preferred.from && preferred.to <= taken.to)) return [];
  return [`${rangeText(preferred)} does not pass as a whole: ${rangeText(taken)} is recommended instead`];
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

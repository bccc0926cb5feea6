import type { AclPortsRequest } from '../policy/parse.ts';
import { NO_PORTS } from '../ports.ts';
import { aclDrawing } from './acl-drawing.ts';
import { aclQuestionOf } from './acl-ports.ts';
import { type AclAsk, type AclOptions, askAcl } from './acl-question.ts';
import type { Context } from './context.ts';
import { type UsedOptions, type UsedPorts, usedPorts } from './used-ports.ts';

/** What the ports in use are held against, and what came of it. */
export interface AclFit {
  /** Every connection gets its answer, for sure. */
  readonly fits: boolean;
  readonly json: unknown;
  readonly text: readonly string[];
  readonly notes: readonly string[];
  readonly ask: AclAsk;
  readonly used: UsedPorts;
}

/** Holds the ports in use against the ACL that the flags name. Throws USAGE, ACL, ACL_FILE and CLOUD as the question does. */
export async function aclFit(context: Context, options: AclOptions & UsedOptions): Promise<AclFit> {
  const [{ solve }, { fitOf }, { partsOf }, { offeredFor }, { aclCheckText }] = await Promise.all([
    import('../acl/solve.ts'),
    import('../acl/fit.ts'),
    import('../acl/split.ts'),
    import('../acl/recommend.ts'),
    import('../report/acl-check.ts'),
  ]);
  const ask = await askAcl(context, options);
  const { question, unjudged } = ask;
  const used = await usedPorts(context, options);
  const notes = [...ask.notes, ...used.notes(question.peers)];
  const answer = solve(question);
  const fit = fitOf(answer, used.by);
  const found = {
    ...{ question, fit, used, unjudged, notes },
    offered: offeredFor(used.fenced ?? used.plain, unjudged.length > 0 ? NO_PORTS : answer.ranges),
    partsOf: ({ way }: (typeof fit.ways)[number]) => partsOf({ ...question, services: [way.service] }, way.peer),
  };
  return { fits: fit.fits && unjudged.length === 0, ...aclCheckText(found), notes, ask, used };
}

/** The fit in the words of `acl check`, and its picture. Names are those that an anonymous report replaces. */
export interface AclFitPage {
  readonly json: unknown;
  readonly text: readonly string[];
  readonly svg: readonly string[];
  readonly names: readonly string[];
}

/** The same about the ACL that a policy names, with its picture. */
export async function aclFitPage(
  context: Context,
  request: AclPortsRequest,
  options: UsedOptions & { readonly policyFile: string },
): Promise<AclFitPage> {
  const fit = await aclFit(context, { ...aclQuestionOf(request, options.policyFile), ...options });
  const { picture } = await aclDrawing(fit.ask, fit.used);
  const { svgPicture } = await import('../report/acl-svg.ts');
  const { own, peer } = fit.ask.question;
  const places = [own, ...(peer ? [peer] : [])].flatMap(({ acl, subnet }) => [
    ...[acl.id, acl.vpc, subnet, acl.place.file, ...acl.subnets],
    ...acl.entries.map(({ place }) => place.file),
  ]);
  return {
    json: fit.json,
    text: [...fit.notes.map((note) => `note: ${note}`), ...fit.text],
    svg: svgPicture(picture),
    names: [...new Set(places.filter((name) => name !== undefined))],
  };
}

import type { PortAnswer } from '../acl/solve.ts';
import { NO_PORTS } from '../ports.ts';
import type { Picture } from '../report/acl-picture.ts';
import type { AclAsk } from './acl-question.ts';
import { rangeInUse, type UsedPorts } from './used-ports.ts';

/** The axis of source ports for a question, with the ports in use: what comes back, used now, fenced, recommended. */
export async function aclDrawing(
  { question, unjudged }: Pick<AclAsk, 'question' | 'unjudged'>,
  inUse: UsedPorts,
): Promise<{ readonly picture: Picture; readonly answer: PortAnswer }> {
  const [{ solve }, { recommend }, { pictureOf }, { askedText }] = await Promise.all([
    import('../acl/solve.ts'),
    import('../acl/recommend.ts'),
    import('../report/acl-picture.ts'),
    import('../report/acl-ranges.ts'),
  ]);
  const { source, fenced, plain, words } = inUse;
  const answer = solve(question);
  const safe = unjudged.length > 0 ? NO_PORTS : answer.ranges;
  const recommended = recommend(safe, { used: rangeInUse(inUse) });
  const running = source === 'fence' && fenced;
  const picture = pictureOf({
    ...{ title: askedText(question), answer },
    used: { ports: running || plain, words: running ? words : "the host's own ip_local_port_range" },
    fenced: fenced && { ports: fenced, words },
    recommended: recommended ? [recommended.range] : NO_PORTS,
  });
  return { picture, answer };
}

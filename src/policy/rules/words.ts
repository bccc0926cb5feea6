import { listEntries } from '../data.ts';
import { error, type Finding } from '../finding.ts';
import { displayed } from '../problem.ts';
import type { PolicyRuleInput } from './rule.ts';

/** No protocol and no family stands twice. */
export function wordsAreListedOnce({ data }: PolicyRuleInput): readonly Finding[] {
  return [['protocols'], ['families']].flatMap((path) => {
    const seen = new Set<string>();
    return listEntries(data, path).flatMap(({ path: at, text }) => {
      if (seen.has(text)) return [error(at, `${displayed(text)} is listed twice`, 'remove one of the two')];
      seen.add(text);
      return [];
    });
  });
}

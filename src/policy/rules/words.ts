import { listEntries } from '../data.ts';
import { error, type Finding } from '../finding.ts';
import { shown } from '../problem.ts';
import type { RuleInput } from './rule.ts';

export function wordsAreListedOnce({ data }: RuleInput): readonly Finding[] {
  return [['protocols'], ['families']].flatMap((path) => {
    const seen = new Set<string>();
    return listEntries(data, path).flatMap(({ path: at, text }) => {
      if (seen.has(text)) return [error(at, `${shown(text)} is listed twice`, 'remove one of the two')];
      seen.add(text);
      return [];
    });
  });
}

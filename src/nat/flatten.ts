import { depthsOf, type ProgramChains, type Rules } from './calls.ts';
import { conjoin, givenThat } from './implied.ts';
import type { ProgramRule } from './program.ts';

/** More rules than these are not worth a way that is less deep. */
const MOST_RULES = 4000;

/**
 * The same decisions by ways of at most `most` chains: what the last chains decide is written out where they are called. All calls are
 * gotos, callees come first. A rule may then ask two questions about the same thing. Undefined where that takes too many rules.
 */
export function flatten(chains: ProgramChains, most: number): ProgramChains | undefined {
  let all = chains;
  for (let depths = depthsOf(all); (depths.get('start') ?? 0) > most; depths = depthsOf(all)) {
    const isLast = (name: string) => depths.get(name) === 1;
    all = new Map([...all].map(([name, rules]) => [name, rules.flatMap((rule) => writeOut(rule, all, isLast))]));
    if ([...all.values()].reduce((sum, { length }) => sum + length, 0) > MOST_RULES) return undefined;
  }
  return all;
}

function writeOut(rule: ProgramRule, chains: ProgramChains, isLast: (name: string) => boolean): Rules {
  if (rule.verdict.do !== 'goto' || !isLast(rule.verdict.to)) return [rule];
  const inside = givenThat(rule.when, chains.get(rule.verdict.to) ?? []);
  return inside.map((one) => ({ ...one, when: conjoin(rule.when, one.when) }));
}

import { PortfenceError } from '../../errors.ts';
import { type Assignment, type Choices, explore, type Guard } from '../worlds.ts';
import type { Resource } from './cloudformation-resources.ts';
import { aclFileError } from './problem.ts';
import type { Evaluation } from './template-evaluation.ts';
import { OTHER } from './template-parameters.ts';

/** What a resource is in some of the possible worlds; undefined where it is not there. */
export interface ResourceVariant<T> {
  readonly value: T | undefined;
  /** None where it is so in every world. */
  readonly when: readonly Guard[];
}

export interface ResourceVariants<T> {
  readonly variants: readonly ResourceVariant<T>[];
  /** Defaults that counted as values. */
  readonly assumed: readonly string[];
  /** False where more combinations decide about it than are tried. */
  readonly complete: boolean;
}

/** More combinations of one resource are not told apart. */
export const MOST_CASES = 128;

interface Run<T> {
  readonly key: string;
  readonly value: T | undefined;
  readonly conditions: ReadonlyMap<string, boolean>;
  readonly choices: Choices;
}

/**
 * What a resource is in every world: alike results are one variant. A world in which CloudFormation would refuse the resource is
 * none; where that is every world, the first error is thrown.
 */
export function variantsOf<T>(
  { condition }: Pick<Resource, 'condition'>,
  evaluate: (world: Assignment) => Evaluation,
  make: (evaluation: Evaluation) => T,
): ResourceVariants<T> {
  const assumed = new Set<string>();
  const refused: PortfenceError[] = [];
  const { outcomes, complete } = explore((world): Omit<Run<T>, 'choices'> | undefined => {
    const evaluation = evaluate(world);
    try {
      const there = condition === undefined || evaluation.holds(condition);
      const value = there ? make(evaluation) : undefined;
      return { key: there ? JSON.stringify(value) : '', value, conditions: evaluation.conditions };
    } catch (error) {
      if (!(error instanceof PortfenceError) || error.code !== 'ACL_FILE') throw error;
      refused.push(error);
      return undefined;
    } finally {
      for (const one of evaluation.assumed) assumed.add(one);
    }
  }, MOST_CASES);
  const runs = outcomes.flatMap(({ result, choices }): readonly Run<T>[] => (result ? [{ ...result, choices }] : []));
  if (runs.length === 0) throw refused[0] ?? aclFileError({ file: '', path: '' }, 'no combination is possible', '');
  const groups = new Map<string, Run<T>[]>();
  for (const run of runs) groups.set(run.key, [...(groups.get(run.key) ?? []), run]);
  const alone = groups.size === 1;
  return {
    variants: [...groups.values()].map((group) => ({ value: group[0]?.value, when: alone ? [] : [guardOf(group)] })),
    assumed: [...assumed],
    complete,
  };
}

function guardOf<T>(group: readonly Run<T>[]): Guard {
  return { words: wordsOf(group), cases: group.map(({ choices }) => choices) };
}

/** `only where IsOld holds and Four does not`. */
function wordsOf<T>(group: readonly Run<T>[]): string {
  const names = [...new Set(group.flatMap(({ conditions }) => [...conditions.keys()]))];
  const parts = names.map((name) => {
    const truths = new Set(group.map(({ conditions }) => conditions.get(name)));
    const [only] = truths.size === 1 ? truths : [];
    if (only === undefined) return `as ${name} decides`;
    return only ? `where the condition ${name} holds` : `where the condition ${name} does not hold`;
  });
  if (parts.length > 0) return `only ${parts.join(', ')}`;
  const choices = group[0]?.choices ?? [];
  return `only where ${choices.map(([{ name }, value]) => `${name} is ${value === OTHER ? 'another value' : value}`).join(', ')}`;
}

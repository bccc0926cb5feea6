/** Something that decides about rules and that the files leave open: a parameter without a value, a comparison that only AWS can make. */
export interface Variable {
  readonly name: string;
  /** Every value that makes a difference. */
  readonly values: readonly string[];
}

/** The value of a variable in one of the possible combinations. */
export type Assignment = (variable: Variable) => string;

/** Values of some variables. */
export type Choices = readonly (readonly [variable: Variable, value: string])[];

/** When something exists: in every world that agrees with one of the cases. */
export interface Guard {
  /** In words: `only where IsOld holds`. */
  readonly words: string;
  readonly cases: readonly Choices[];
}

export interface WorldOutcome<T> {
  readonly choices: Choices;
  readonly result: T;
}

/** What a function returns in every combination of the variables that it asks for; `complete` is false where `most` cut it off. */
export interface Explored<T> {
  readonly outcomes: readonly WorldOutcome<T>[];
  readonly complete: boolean;
}

/**
 * Runs a function once for each combination of values. A variable is chosen when the function first asks for it, so that what
 * makes no difference is not multiplied.
 */
export function explore<T>(run: (world: Assignment) => T, most: number): Explored<T> {
  const outcomes: WorldOutcome<T>[] = [];
  let path: { variable: Variable; index: number }[] = [];
  for (;;) {
    const trail: { variable: Variable; index: number }[] = [];
    const chosen = new Map<Variable, string>();
    const result = run((variable) => {
      const known = chosen.get(variable);
      if (known !== undefined) return known;
      const step = path[trail.length] ?? { variable, index: 0 };
      trail.push(step);
      const value = variable.values[step.index] ?? '';
      chosen.set(variable, value);
      return value;
    });
    outcomes.push({ choices: [...chosen], result });
    while (trail.length > 0 && isLast(trail.at(-1))) trail.pop();
    const step = trail.pop();
    if (!step) return { outcomes, complete: true };
    if (outcomes.length >= most) return { outcomes, complete: false };
    path = [...trail, { ...step, index: step.index + 1 }];
  }
}

const isLast = (step: { variable: Variable; index: number } | undefined): boolean =>
  step !== undefined && step.index + 1 >= step.variable.values.length;

/** Whether something with these guards exists in a world. */
export function existsIn(world: Assignment, guards: readonly Guard[] | undefined): boolean {
  return (guards ?? []).every(({ cases }) =>
    cases.some((choices) => choices.every(([variable, value]) => world(variable) === value)),
  );
}

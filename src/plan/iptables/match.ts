import type { Protocol } from '../../ports.ts';

/** What one rule matches. A port, a flag or a mapping needs the protocol in the same rule. */
export interface Match {
  readonly protocol?: Protocol;
  readonly words: readonly string[];
}

/** Matches any of which will do. None: nothing fits; one without words: everything does. */
export type Either = readonly Match[];

export const ALWAYS: Either = [{ words: [] }];
export const NEVER: Either = [];

/** Every way to fit all of them: one match, and so one rule, each. Combinations of two protocols fit nothing. */
export function allOf(conditions: readonly Either[]): Either {
  return conditions.reduce<Either>(
    (sofar, either) => sofar.flatMap((one) => either.flatMap((other) => both(one, other))),
    ALWAYS,
  );
}

function both(one: Match, other: Match): Either {
  if (one.protocol && other.protocol && one.protocol !== other.protocol) return NEVER;
  const protocol = one.protocol ?? other.protocol;
  return [{ ...(protocol ? { protocol } : {}), words: [...one.words, ...other.words] }];
}

/** The protocol stands first, since its own matches need it. */
export function matchWords({ protocol, words }: Match): readonly string[] {
  return [...(protocol ? [`-p ${protocol}`] : []), ...words];
}

import type { Data } from '../data.ts';
import type { Finding } from '../finding.ts';

/** What a rule looks at: the data as written (any shape), and the interfaces that exist, where known. */
export interface PolicyRuleInput {
  readonly data: Data;
  readonly interfaces: readonly string[] | undefined;
}

/** A rule reports all that it finds and leaves what has another shape to the schema. */
export type PolicyRule = (input: PolicyRuleInput) => readonly Finding[];

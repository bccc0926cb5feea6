import { type PolicyInput, PolicyRejected, parsePolicy, problemText } from '../../src/policy/parse.ts';

/** What parsing reports about a policy, a line a problem: errors, or else warnings behind `warning: `. */
export function problemsOf(source: PolicyInput): readonly string[] {
  try {
    return parsePolicy({ file: 'p.yaml', ...source }).warnings.map((one) => `warning: ${problemText(one)}`);
  } catch (error) {
    if (error instanceof PolicyRejected) return error.message.split('\n');
    throw error;
  }
}

import { PolicyRejected, type PolicySource, parsePolicy, problemText } from '../../src/policy/parse.ts';

/** What is told about a policy, a line a problem: errors, or else warnings behind `warning: `. */
export function told(source: PolicySource): readonly string[] {
  try {
    return parsePolicy({ file: 'p.yaml', ...source }).warnings.map((one) => `warning: ${problemText(one)}`);
  } catch (error) {
    if (error instanceof PolicyRejected) return error.message.split('\n');
    throw error;
  }
}

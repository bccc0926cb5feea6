import type { Chains, NatRule } from './model.ts';

/** What jumping to a chain may do, seen from the chain that it is called by. */
export interface Effects {
  /** It may decide something, or change what later rules ask for. */
  readonly matters: boolean;
  /** It may come back with a changed mark, or with a doubt about an opaque rule. */
  readonly leavesTraces: boolean;
}

export function effectsOf(chain: string, chains: Chains): Effects {
  const rules = reachable(chain, chains);
  return { matters: rules.some(matters), leavesTraces: rules.some(leavesTraces) };
}

function reachable(chain: string, chains: Chains): readonly NatRule[] {
  const seen = new Set<string>();
  const rules: NatRule[] = [];
  const wanted = [chain];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const rule of chains.get(name) ?? []) {
      rules.push(rule);
      if (rule.verdict.do === 'jump' || rule.verdict.do === 'goto') wanted.push(rule.verdict.chain);
    }
  }
  return rules;
}

function matters({ marks = [], verdict }: NatRule): boolean {
  return marks.length > 0 || !['pass', 'return', 'jump', 'goto'].includes(verdict.do);
}

function leavesTraces({ when, marks = [], verdict }: NatRule): boolean {
  if (marks.length > 0) return true;
  if (verdict.do === 'pass') return false;
  // iptables leaves a flow to its own NAT by returning, which must not come back to a caller.
  if (verdict.do === 'opaque' || verdict.do === 'drop') return true;
  return verdict.do === 'set-mark' || verdict.do === 'lose-mark' || when.some(({ test }) => test === 'opaque');
}

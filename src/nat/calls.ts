import type { NatProgram, ProgramRule } from './program.ts';

export type Rules = readonly ProgramRule[];
/** Chains by name; the program begins in `start`. */
export type ProgramChains = ReadonlyMap<string, Rules>;

/** How many rules call each chain. */
export function countCalls(chains: ProgramChains): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  for (const rules of chains.values()) for (const to of callsOf(rules)) calls.set(to, (calls.get(to) ?? 0) + 1);
  return calls;
}

const callsOf = (rules: Rules): readonly string[] =>
  rules.flatMap(({ verdict }) => (verdict.do === 'jump' || verdict.do === 'goto' ? [verdict.to] : []));

/** Every chain that `start` needs, after all that it needs itself. */
export function calleesFirst(chains: ProgramChains): readonly string[] {
  const done = new Set<string>();
  const visit = (name: string): void => {
    if (done.has(name)) return;
    for (const to of callsOf(chains.get(name) ?? [])) visit(to);
    done.add(name);
  };
  visit('start');
  return [...done];
}

/** The program with its chains in the order of need, named after it. */
export function numbered(chains: ProgramChains): NatProgram {
  const order = calleesFirst(chains);
  const names = new Map(order.map((name, i) => [name, `nat_${i}`] as const));
  const rename = (to: string) => names.get(to) ?? to;
  const renamed = order.map((name) => {
    const rules = (chains.get(name) ?? []).map((rule) =>
      rule.verdict.do === 'jump' || rule.verdict.do === 'goto'
        ? { ...rule, verdict: { ...rule.verdict, to: rename(rule.verdict.to) } }
        : rule,
    );
    return [rename(name), rules] as const;
  });
  return { start: rename('start'), chains: new Map(renamed), depth: depthsOf(chains).get('start') ?? 1 };
}

/** How many chains the longest way from each chain takes, itself counted. */
export function depthsOf(chains: ProgramChains): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  for (const name of calleesFirst(chains)) {
    const inside = callsOf(chains.get(name) ?? []).map((to) => depths.get(to) ?? 0);
    depths.set(name, 1 + Math.max(0, ...inside));
  }
  return depths;
}

import type { Decision, ProgramRule, ProgramVerdict } from './program.ts';

/** Where the ways through a chain end, by a key that is equal where the source address and the rule's own ports are. */
export type Outcomes = ReadonlyMap<string, ProgramVerdict>;

/** More ends than these are as good as any number: nothing follows from them. */
const ENOUGH = 3;

/** Equal keys: the same address, and the same range of ports that the rule names. Who decides does not matter. */
export function decisionKey(decision: Decision): string {
  const ports = 'ports' in decision && decision.ports ? `:${decision.ports.from}-${decision.ports.to}` : '';
  switch (decision.do) {
    case 'masquerade':
      return `masquerade${ports}`;
    case 'snat': {
      const addresses = decision.addresses ? `${decision.addresses.from}-${decision.addresses.to}` : '';
      return `snat ${addresses}${ports}${decision.persistent ? ' persistent' : ''}`;
    }
    case 'unfollowed':
      return `unfollowed ${JSON.stringify(decision.by)}`;
    default:
      return decision.do;
  }
}

/** The ends that the verdict may lead to, given those of the chains that are finished. */
export function outcomesOf(verdict: ProgramVerdict, finished: ReadonlyMap<string, Outcomes>): Outcomes {
  if (verdict.do === 'return') return new Map([['return', verdict]]);
  if (verdict.do === 'decide') return new Map([[decisionKey(verdict.decision), verdict]]);
  const inside = finished.get(verdict.to) ?? UNKNOWN;
  if (verdict.do === 'goto') return inside;
  return new Map([...inside].filter(([key]) => key !== 'return'));
}

const UNKNOWN: Outcomes = new Map(
  Array.from({ length: ENOUGH }, (_, i) => [`unknown ${i}`, { do: 'return' }] as const),
);

export function chainOutcomes(rules: readonly ProgramRule[], finished: ReadonlyMap<string, Outcomes>): Outcomes {
  const all = new Map<string, ProgramVerdict>();
  for (const { verdict } of rules) {
    for (const [key, end] of outcomesOf(verdict, finished)) all.set(key, end);
    if (all.size >= ENOUGH) break;
  }
  return all;
}

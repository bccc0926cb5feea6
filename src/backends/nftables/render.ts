import type { NamedSet, Plan } from '../../plan/plan.ts';
import { unfollowedSet } from './conditions.ts';
import { confineChains } from './confine.ts';
import { countChains, planCounters } from './counting.ts';
import { guardChains } from './guard.ts';
import { commentOf, FAMILY, TABLE, type Table } from './table.ts';

const OURS = `${FAMILY} ${TABLE}`;

/** The plan as an nftables table, still data. */
export function nftTable(plan: Plan): Table {
  return {
    sets: plan.sets.filter(({ holds }) => holds !== 'interfaces'),
    flows: plan.guard === 'off' ? [] : plan.nat.unfollowed,
    counters: planCounters(plan),
    chains: [...countChains(plan), ...confineChains(plan), ...guardChains(plan)],
  };
}

/** The commands that make the table where there is none, one command a line. */
export function creation(table: Table): readonly string[] {
  return [
    `add table ${OURS}`,
    ...table.counters.map((name) => `add counter ${OURS} ${name}`),
    ...table.sets.flatMap(setLines),
    ...table.flows.map(flowSetLine),
    ...table.chains.map(chainLine),
    ...table.chains.flatMap(({ name, rules }) =>
      rules.map((rule) => `add rule ${OURS} ${name} ${rule.text} comment "${commentOf(rule)}"`),
    ),
  ];
}

/** Where a chain hooks; every one of ours at postrouting, with the policy to accept. */
interface Hooked {
  readonly type: string;
  readonly hook?: string;
  readonly priority: number;
  readonly policy?: string | undefined;
}

/** The command that makes a chain; the same for a chain as planned and for one as listed where both hook alike. */
export function chainLine({ name, base }: { readonly name: string; readonly base?: Hooked }): string {
  if (!base) return `add chain ${OURS} ${name}`;
  const { type, hook = 'postrouting', priority, policy = 'accept' } = base;
  return `add chain ${OURS} ${name} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`;
}

const addressType = { ipv4: 'ipv4_addr', ipv6: 'ipv6_addr' } as const;

function setLines(set: NamedSet): readonly string[] {
  switch (set.holds) {
    case 'interfaces': // Stand in the rules themselves.
      return [];
    case 'addresses':
      return [
        `add set ${OURS} ${set.name} { type ${addressType[set.family]}; flags interval; }`,
        ...elementLines(set.name, set.elements),
      ];
    case 'ports':
      return [
        `add set ${OURS} ${set.name} { type inet_proto . inet_service; }`,
        ...elementLines(
          set.name,
          set.elements.map(({ protocol, port }) => `${protocol} . ${port}`),
        ),
      ];
    case 'published':
      return [
        `add set ${OURS} ${set.name} { type ${addressType[set.family]} . inet_proto . inet_service; }`,
        ...elementLines(
          set.name,
          set.elements.map(({ address, protocol, port }) => `${address} . ${protocol} . ${port}`),
        ),
      ];
  }
}

/** How long a flow is remembered, and how many are, at most: the guard looks while its first packet is still on its way. */
const REMEMBERED = 'timeout 5s; size 16384';

function flowSetLine({ number, family }: Table['flows'][number]): string {
  const address = addressType[family];
  const type = `${address} . inet_proto . ${address} . inet_service`;
  return `add set ${OURS} ${unfollowedSet(number)} { type ${type}; flags dynamic,timeout; ${REMEMBERED}; }`;
}

const ELEMENTS_A_LINE = 16;

function elementLines(set: string, elements: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < elements.length; i += ELEMENTS_A_LINE) {
    lines.push(`add element ${OURS} ${set} { ${elements.slice(i, i + ELEMENTS_A_LINE).join(', ')} }`);
  }
  return lines;
}

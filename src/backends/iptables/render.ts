import type { Plan } from '../../plan/plan.ts';
import { FAMILIES, type Family } from '../../ports.ts';
import { confineChains } from './confine.ts';
import { guardChains } from './guard.ts';
import { type Chain, JUMP, ruleText, type Table, type Variant } from './rules.ts';
import type { Arrival } from './view.ts';

/** The plan as chains in iptables' tables, still data: both families of the policy, nat and (with a guard) mangle. */
export function iptablesTables(plan: Plan, arrival: Arrival): readonly Table[] {
  return FAMILIES.filter((family) => plan.families.includes(family)).flatMap((family): readonly Table[] => {
    const view = { plan, family, arrival };
    const guard = guardChains(view);
    return [
      { family, table: 'nat', chains: confineChains(view) },
      ...(guard.length > 0 ? [{ family, table: 'mangle', chains: guard } as const] : []),
    ];
  });
}

const TOOLS = { ipv4: 'iptables', ipv6: 'ip6tables' } as const;

/** The program that changes (`restore`) or lists (`save`) a family's rules. */
export const toolName = (family: Family, variant: Variant, verb: 'restore' | 'save'): string =>
  `${TOOLS[family]}-${variant}-${verb}`;

/** Seconds that a command waits for another one's lock. */
const PATIENCE_S = 5;

/** Adds to what is there, keeps counters, and takes a table's lines as one transaction. */
export const restoreArguments: readonly string[] = ['--noflush', '--counters', `--wait=${PATIENCE_S}`];

/** The comment line that begins the lines of one program, and tells which. */
export const headerOf = (family: Family, variant: Variant): string =>
  `# ${toolName(family, variant, 'restore')} ${restoreArguments.join(' ')}`;

/** What makes the rules where there are none: for each family its program's name as a comment, then its lines. */
export function creation(tables: readonly Table[], variant: Variant): readonly string[] {
  return FAMILIES.flatMap((family) => {
    const own = tables.filter((table) => table.family === family);
    return own.length === 0 ? [] : [headerOf(family, variant), ...own.flatMap(tableLines)];
  });
}

function tableLines({ table, chains }: Table): readonly string[] {
  return [
    `*${table}`,
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    ...chains.flatMap(chainLines),
    `-I POSTROUTING 1 ${JUMP}`,
    'COMMIT',
  ];
}

function chainLines({ name, rules }: Chain): readonly string[] {
  return rules.map((rule) => `-A ${name} ${ruleText(rule)}`);
}

import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { ask, unlessMissing } from './ask.ts';

const TOOLS = { ipv4: 'iptables', ipv6: 'ip6tables' } as const satisfies Record<Family, string>;

export interface SavedRulesQuery {
  readonly family: Family;
  readonly variant: 'nft' | 'legacy';
  /** Options of iptables-save(8): `-t nat`. */
  readonly options: readonly string[];
}

/**
 * What iptables-save(8) of a variant prints. Where no program is named after the variant the plain one serves, if
 * `iptables --version` says that it is of the variant. Undefined where there is neither. Throws what the tool's refusal throws.
 */
export async function savedRules(
  system: System,
  { family, variant, options }: SavedRulesQuery,
): Promise<string | undefined> {
  const tool = TOOLS[family];
  const named = await unlessMissing(ask(system, [savingTool(family, variant), ...options]));
  if (named !== undefined) return named;
  const version = await unlessMissing(ask(system, [tool, '--version']));
  if (version === undefined || variantOf(version) !== variant) return undefined;
  return unlessMissing(ask(system, [`${tool}-save`, ...options]));
}

/** The program that lists the rules of a family that one variant made. */
export const savingTool = (family: Family, variant: 'nft' | 'legacy') => `${TOOLS[family]}-${variant}-save` as const;

/** Reads `iptables --version`: iptables before 1.8, which has one variant only, names none. */
export const variantOf = (version: string): 'nft' | 'legacy' => (/\(nf_tables\)/.test(version) ? 'nft' : 'legacy');

import type { Family } from '../../ports.ts';
import { scrub } from '../../scrub.ts';
import type { BaseChain, Condition, NatBackend, NatRule } from '../model.ts';
import { conditionsOf } from './matches.ts';
import { verdictOf } from './targets.ts';
import { ruleParts, splitWords } from './words.ts';

/** NF_IP_PRI_NAT_SRC: iptables' nat table, of both variants and families, is asked at this priority. */
export const IPTABLES_PRIORITY = 100;
const OURS = /^PORTFENCE(?:-|$)/;

export interface SavedRules {
  readonly backend: 'iptables-nft' | 'iptables-legacy';
  readonly family: Family;
  /** What `iptables-save` or `ip6tables-save` wrote, of the nat table or of all, with or without counters. */
  readonly text: string;
}

/**
 * The base chain POSTROUTING of the nat table with all chains that it can reach; undefined where there is none. Rules and chains
 * of our own are left out. What a rule says beyond the model's words becomes an opaque condition or verdict; never throws.
 */
export function readSavedRules(saved: SavedRules): BaseChain | undefined {
  const lines = natLines(saved.text);
  if (!lines.has('POSTROUTING')) return undefined;
  const chains = new Map<string, readonly NatRule[]>();
  const wanted = ['POSTROUTING'];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (chains.has(name)) continue;
    const chain = name;
    const rules = (lines.get(chain) ?? []).flatMap((text) =>
      readRule({ text, chain, backend: saved.backend, isChain: (one) => lines.has(one) }),
    );
    chains.set(chain, rules);
    for (const { verdict } of rules) if (verdict.do === 'jump' || verdict.do === 'goto') wanted.push(verdict.chain);
  }
  return {
    backend: saved.backend,
    table: 'nat',
    name: 'POSTROUTING',
    priority: IPTABLES_PRIORITY,
    policy: /^:POSTROUTING DROP/m.test(saved.text) ? 'drop' : 'accept',
    chains,
  };
}

/** The nat table's rules by chain, each without counters and `-A CHAIN`. Chains that no rule stands in are there as well. */
function natLines(text: string): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, string[]>();
  let inNat = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) inNat = line.trimEnd() === '*nat';
    if (!inNat) continue;
    const declared = /^:(\S+)/.exec(line)?.[1];
    if (declared !== undefined && !chains.has(declared)) chains.set(declared, []);
    const [, name, rule] = /^(?:\[\d+:\d+\] )?-A (\S+)(.*)$/.exec(line) ?? [];
    if (name === undefined || rule === undefined) continue;
    const rules = chains.get(name);
    if (rules) rules.push(rule.trim());
    else chains.set(name, [rule.trim()]);
  }
  return chains;
}

interface RuleText {
  readonly text: string;
  readonly chain: string;
  readonly backend: NatBackend;
  readonly isChain: (name: string) => boolean;
}

/** No rule where it is our own, or where it can never match. */
function readRule({ text, chain, backend, isChain }: RuleText): readonly NatRule[] {
  const parts = ruleParts(splitWords(text));
  const target = parts.find(({ kind }) => kind === 'target' || kind === 'goto');
  if (target && OURS.test(target.name)) return [];
  const when: Condition[] = [];
  for (const part of parts) {
    if (part === target) continue;
    const conditions = conditionsOf(part);
    if (conditions === false) return [];
    when.push(...(conditions ?? [{ test: 'opaque', text: scrub(part.text) } as const]));
  }
  const read = verdictOf(target, isChain);
  const verdict = read.do === 'opaque' ? { ...read, text: scrub(read.text) } : read;
  return [{ when, verdict, source: { backend, table: 'nat', chain: scrub(chain), text: scrub(text) } }];
}

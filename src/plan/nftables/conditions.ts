import { type Family, type PortSet, portsText } from '../../ports.ts';
import type { Condition, Plan } from '../plan.ts';

/** `443`, `49152-61000`, or an anonymous set of several. */
export function portsExpression(ports: PortSet): string {
  return ports.length === 1 ? portsText(ports) : `{ ${portsText(ports, ', ')} }`;
}

export function listExpression(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `{ ${words.join(', ')} }`;
}

const network = { ipv4: 'ip', ipv6: 'ip6' } as const;

/**
 * How a rule reads the source address: `present` as the packet carries it (before any source NAT), `original` as conntrack
 * remembers it, which is what the same question needs once NAT is done. The port is always the one that leaves.
 */
type SourceView = 'present' | 'original';

/** One condition in nft's words. */
export function conditionText(condition: Condition, plan: Plan, view: SourceView = 'present'): string {
  const sourceOf = (family: Family) => `${view === 'present' ? '' : 'ct original '}${network[family]} saddr`;
  switch (condition.test) {
    case 'uplink': {
      const these = plan.uplinks.mode === 'these';
      return `oifname ${these === condition.is ? '' : '!= '}@${these ? 'uplinks' : 'not_uplinks'}`;
    }
    case 'family':
      return `meta nfproto ${condition.is ? '' : '!= '}${condition.family}`;
    case 'protocol':
      return `meta l4proto ${condition.is ? '' : '!= '}${listExpression(condition.in)}`;
    case 'many-receivers':
      return 'fib daddr type { broadcast, multicast }';
    case 'destination':
      return `${network[condition.family]} daddr ${condition.set ? `@${condition.set}` : listExpression(condition.in)}`;
    case 'source':
      return `${sourceOf(condition.family)} ${condition.set ? `@${condition.set}` : listExpression(condition.in)}`;
    case 'source-port':
      return `th sport ${condition.is ? '' : '!= '}${portsExpression(condition.in)}`;
    case 'published':
      return `${sourceOf(condition.family)} . meta l4proto . th sport @${condition.set}`;
    case 'made-here':
      return 'iif 0';
    case 'source-local':
      return `fib saddr type ${condition.is ? '' : '!= '}local`;
    case 'opening':
      return 'tcp flags & (fin | syn | rst | ack) != syn';
    case 'arrived-on':
      return `iifname @${condition.set}`;
  }
}

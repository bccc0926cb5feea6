import type { Condition, Verdict } from '../../src/nat/model.ts';
import type { ExtraRule, RandomChains } from './random-rules.ts';

interface NftTable {
  readonly table: string;
  readonly priority: number;
  readonly chains: RandomChains;
  readonly extras: readonly ExtraRule[];
}

/** Random chains as a table of nft, the base chain at the priority. */
export function nftText({ table, priority, chains, extras }: NftTable): string {
  const [family] = table.split(' ');
  const bodies = [...chains].reverse().map(([name, rules]) => {
    const base = name === 'POSTROUTING' ? `type nat hook postrouting priority ${priority}; policy accept;\n` : '';
    const lines = rules.map((rule) => ruleText(rule, family ?? ''));
    for (const { chain, at, text } of extras) {
      if (chain === name) lines.splice(at, 0, family === 'ip' ? text.replaceAll('snat ip to', 'snat to') : text);
    }
    return `chain ${name} {\n${base}${lines.map((line) => `${line}\n`).join('')}}\n`;
  });
  return `table ${table} {\n${bodies.join('')}}\n`;
}

function ruleText({ when, verdict }: { when: readonly Condition[]; verdict: Verdict }, family: string): string {
  return [...when.map(conditionText), verdictText(verdict, family)].join(' ');
}

const set = (words: readonly (string | number)[]): string =>
  words.length === 1 ? String(words[0]) : `{ ${words.join(', ')} }`;

function conditionText(condition: Condition): string {
  if (condition.test === 'opaque') return condition.text;
  const not = condition.is ? '' : '!= ';
  switch (condition.test) {
    case 'source':
    case 'destination':
      return `ip ${condition.test === 'source' ? 'saddr' : 'daddr'} ${not}${set(condition.in)}`;
    case 'arrived-on':
    case 'leaves-by':
      return `${condition.test === 'leaves-by' ? 'oifname' : 'iifname'} ${not}${set(condition.in.map((name) => `"${name}"`))}`;
    case 'protocol':
      return `meta l4proto ${not}${set(condition.in)}`;
    case 'source-port':
    case 'destination-port': {
      const ports = condition.in.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
      return `th ${condition.test === 'source-port' ? 'sport' : 'dport'} ${not}${set(ports)}`;
    }
    case 'mark': {
      const mask = condition.mask === 0xffff_ffff ? '' : `& 0x${condition.mask.toString(16)} `;
      return `meta mark ${mask}${condition.is ? '==' : '!='} 0x${condition.values[0]?.toString(16)}`;
    }
    case 'address-type':
      return `fib ${condition.of === 'source' ? 'saddr' : 'daddr'} type ${not}${set(condition.in)}`;
    case 'ipsec':
      return `rt ipsec ${condition.is ? 'exists' : 'missing'}`;
    case 'made-here':
      return `iif ${not}0`;
    case 'owner': {
      const ids = condition.in.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
      return `meta ${condition.of === 'user' ? 'skuid' : 'skgid'} ${not}${set(ids)}`;
    }
    case 'state':
      return `ct state ${not}${set(condition.in)}`;
  }
}

function verdictText(verdict: Verdict, family: string): string {
  switch (verdict.do) {
    case 'masquerade':
      return 'masquerade';
    case 'snat':
      return `snat ${family === 'inet' ? 'ip ' : ''}to ${verdict.addresses?.from}`;
    case 'pass':
      return 'counter';
    case 'accept':
    case 'return':
    case 'drop':
      return verdict.do;
    case 'jump':
    case 'goto':
      return `${verdict.do} ${verdict.chain}`;
    case 'set-mark':
      return `meta mark set meta mark & 0x${verdict.keep.toString(16)} ^ 0x${verdict.flip.toString(16)}`;
    default:
      throw new Error(`no words for ${verdict.do}`);
  }
}

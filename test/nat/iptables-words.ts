import type { Condition, IdRange, Verdict } from '../../src/nat/model.ts';
import { rangeText } from '../../src/ports.ts';
import type { RandomChains } from './random-rules.ts';

/** The nat table of random chains in the words and the order of iptables-save 1.8. */
export function savedText(chains: RandomChains): string {
  const rules = [...chains].flatMap(([name, list]) => list.map((rule) => `-A ${name} ${ruleText(rule)}`.trimEnd()));
  const declared = [...chains.keys()].map((name) => `:${name} ${name === 'POSTROUTING' ? 'ACCEPT' : '-'} [0:0]`);
  return ['*nat', ...declared, ...rules, 'COMMIT', ''].join('\n');
}

export function ruleText({ when, verdict }: { when: readonly Condition[]; verdict: Verdict }): string {
  return [...when.map(conditionText), verdictText(verdict)].filter((words) => words !== '').join(' ');
}

function conditionText(condition: Condition): string {
  if (condition.test === 'opaque') return condition.text;
  const not = condition.is ? '' : '! ';
  switch (condition.test) {
    case 'source':
    case 'destination': {
      const [word, range] = condition.test === 'source' ? ['-s', '--src-range'] : ['-d', '--dst-range'];
      const [span = ''] = condition.in;
      return span.includes('-') ? `-m iprange ${not}${range} ${span}` : `${not}${word} ${span}`;
    }
    case 'arrived-on':
      return `${not}-i ${condition.in[0]?.replace(/\*$/, '+')}`;
    case 'leaves-by':
      return `${not}-o ${condition.in[0]?.replace(/\*$/, '+')}`;
    case 'protocol':
      return `${not}-p ${condition.in[0] === 17 ? 'udp' : 'tcp'}`;
    case 'source-port':
    case 'destination-port': {
      const ports = condition.in.map(({ from, to }) => (from === to ? String(from) : `${from}:${to}`)).join(',');
      return `-m multiport ${not}--${condition.test === 'source-port' ? 'sports' : 'dports'} ${ports}`;
    }
    case 'mark': {
      const mask = condition.mask === 0xffff_ffff ? '' : `/0x${condition.mask.toString(16)}`;
      return `-m ${condition.of === 'packet' ? 'mark' : 'connmark'} ${not}--mark 0x${condition.values[0]?.toString(16)}${mask}`;
    }
    case 'address-type': {
      const limit = condition.limit ? ' --limit-iface-out' : '';
      const side = condition.of === 'source' ? 'src' : 'dst';
      return `-m addrtype ${not}--${side}-type ${condition.in.join(',').toUpperCase()}${limit}`;
    }
    case 'ipsec':
      return `-m policy --dir out --pol ${condition.is ? 'ipsec' : 'none'}`;
    case 'made-here':
      return '';
    case 'owner':
      return `-m owner ${not}--${condition.of === 'user' ? 'uid' : 'gid'}-owner ${idText(condition.in[0])}`;
    case 'state':
      return `-m conntrack ${not}--ctstate ${condition.in.join(',').toUpperCase()}`;
  }
}

const idText = ({ from, to }: IdRange = { from: 0, to: 0 }): string => (from === to ? `${from}` : `${from}-${to}`);

function verdictText(verdict: Verdict): string {
  switch (verdict.do) {
    case 'masquerade':
      return `-j MASQUERADE${verdict.ports ? ` --to-ports ${rangeText(verdict.ports)}` : ''}`;
    case 'snat': {
      const { from = '', to = '' } = verdict.addresses ?? {};
      const addresses = from === to ? from : `${from}-${to}`;
      const bracketed = verdict.ports && from.includes(':') ? `[${addresses}]` : addresses;
      const ports = verdict.ports ? `:${rangeText(verdict.ports)}` : '';
      return `-j SNAT --to-source ${bracketed}${ports}${verdict.persistent ? ' --persistent' : ''}`;
    }
    case 'opaque':
      return verdict.text;
    case 'pass':
      return '';
    case 'accept':
    case 'return':
    case 'drop':
      return `-j ${verdict.do.toUpperCase()}`;
    case 'jump':
      return `-j ${verdict.chain}`;
    case 'goto':
      return `-g ${verdict.chain}`;
    case 'set-mark':
      return `-j ${verdict.of === 'packet' ? 'MARK' : 'CONNMARK'} --set-xmark 0x${verdict.flip.toString(16)}/0x${(~verdict.keep >>> 0).toString(16)}`;
    default:
      throw new Error(`no words for ${verdict.do}`);
  }
}

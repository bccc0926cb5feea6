import type { ExpressibleCondition } from '../../plan/plan.ts';
import { complement, type Protocol } from '../../ports.ts';
import { PROTOCOL_NUMBER } from '../../protocols.ts';
import { ALWAYS, type Either, MADE_HERE, NEVER, spanText } from './match.ts';
import { portMatches } from './port-matches.ts';
import type { View } from './view.ts';

/** A condition of another's NAT rule as matches any of which will do. */
export function foreignMatches(condition: ExpressibleCondition, { plan }: View): Either {
  switch (condition.test) {
    case 'source':
      return spans('src', condition.in, condition.is);
    case 'destination':
      return spans('dst', condition.in, condition.is);
    case 'arrived-on':
      return interfaces('-i', condition.in, condition.is);
    case 'leaves-by':
      return interfaces('-o', condition.in, condition.is);
    case 'protocol': {
      const isNamed = (protocol: Protocol) => condition.in.includes(PROTOCOL_NUMBER[protocol]);
      const own = plan.protocols.filter((protocol) => isNamed(protocol) === condition.is);
      return own.map((protocol) => ({ protocol, words: [] }));
    }
    case 'source-port':
      return portMatches('sport', condition.is ? condition.in : complement(condition.in), plan.protocols);
    case 'destination-port':
      return portMatches('dport', condition.is ? condition.in : complement(condition.in), plan.protocols);
    case 'address-type': {
      const end = condition.of === 'source' ? 'src' : 'dst';
      const limit = condition.limit === undefined ? '' : ' --limit-iface-out';
      const types = condition.in.map((type) => type.toUpperCase()).join(',');
      return oneOf(condition.in, condition.is, `-m addrtype ${condition.is ? '' : '! '}--${end}-type ${types}${limit}`);
    }
    case 'mark': {
      const module = condition.of === 'packet' ? 'mark' : 'connmark';
      const texts = condition.values.map((value) => `--mark ${hex(value)}/${hex(condition.mask)}`);
      return condition.is
        ? texts.map((text) => ({ words: [`-m ${module} ${text}`] }))
        : [{ words: texts.map((text) => `-m ${module} ! ${text}`) }];
    }
    case 'state': {
      const states = condition.in.map((state) => state.toUpperCase()).join(',');
      return oneOf(condition.in, condition.is, `-m conntrack ${condition.is ? '' : '! '}--ctstate ${states}`);
    }
    case 'ipsec':
      return [{ words: [`-m policy --dir out --pol ${condition.is ? 'ipsec' : 'none'}`] }];
    case 'made-here':
      return condition.is ? MADE_HERE : [{ words: ['-m addrtype ! --src-type LOCAL', '-m owner ! --socket-exists'] }];
    case 'owner':
      return condition.in.map(({ from, to }) => ({
        words: [`-m owner --${condition.of === 'user' ? 'uid' : 'gid'}-owner ${from === to ? from : `${from}-${to}`}`],
      }));
  }
}

/** No value at all: nothing is one of them, and everything is none of them. */
function oneOf(values: readonly unknown[], is: boolean, text: string): Either {
  if (values.length === 0) return is ? NEVER : ALWAYS;
  return [{ words: [text] }];
}

const hex = (number: number): string => `0x${number.toString(16)}`;

/** `-s` and `-d` stand in a rule once, so that "none of these" is asked by iprange, which may stand there several times. */
function spans(end: 'src' | 'dst', all: readonly string[], is: boolean): Either {
  const flag = end === 'src' ? '-s' : '-d';
  const [only, more] = all;
  if (is) {
    return all.map((span) => ({
      words: [span.includes('-') ? `-m iprange --${end}-range ${span}` : `${flag} ${span}`],
    }));
  }
  if (only === undefined) return ALWAYS;
  if (more === undefined && !only.includes('-')) return [{ words: [`! ${flag} ${only}`] }];
  return [{ words: all.map((span) => `-m iprange ! --${end}-range ${spanText(span)}`) }];
}

/** A wildcard at the end is written `+`. */
function interfaces(flag: '-i' | '-o', patterns: readonly string[], is: boolean): Either {
  if (patterns.includes('*')) return is ? ALWAYS : NEVER;
  const names = patterns.map((pattern) => pattern.replace(/\*$/, '+'));
  if (is) return names.map((name) => ({ words: [`${flag} ${name}`] }));
  const [only, more] = names;
  if (only === undefined) return ALWAYS;
  // One -i and one -o a rule: of several, those that are not asked make the rule fit more, so that none may be left out.
  return more === undefined ? [{ words: [`! ${flag} ${only}`] }] : NEVER;
}

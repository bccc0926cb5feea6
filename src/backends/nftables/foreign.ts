import type { ConnectionState } from '../../nat/model.ts';
import type { ExpressibleCondition } from '../../plan/plan.ts';
import type { Family } from '../../ports.ts';
import { exceptInterfaces, interfaceTexts, listExpression, NETWORK, oneOfTexts, portsTexts } from './words.ts';

/** A condition of another's NAT rule in nft's words: texts any of which will do. None: it holds for nothing. */
export function foreignTexts(condition: ExpressibleCondition, family: Family): readonly string[] {
  const not = condition.is ? '' : '!= ';
  switch (condition.test) {
    case 'source':
    case 'destination': {
      const end = condition.test === 'source' ? 'saddr' : 'daddr';
      return some(condition.in, condition.is, () =>
        oneOfTexts(`${NETWORK[family]} ${end}`, condition.is, condition.in),
      );
    }
    case 'arrived-on':
    case 'leaves-by': {
      const key = condition.test === 'arrived-on' ? 'iifname' : 'oifname';
      if (condition.in.includes('*')) return condition.is ? [''] : [];
      return some(condition.in, condition.is, () =>
        condition.is ? interfaceTexts(key, condition.in) : [exceptInterfaces(key, condition.in)],
      );
    }
    case 'protocol':
      return some(condition.in, condition.is, () => [`meta l4proto ${not}${listExpression(condition.in.map(String))}`]);
    case 'source-port':
    case 'destination-port': {
      const end = condition.test === 'source-port' ? 'sport' : 'dport';
      return some(condition.in, condition.is, () => portsTexts(`th ${end}`, condition.is, condition.in));
    }
    case 'address-type': {
      const end = condition.of === 'source' ? 'saddr' : 'daddr';
      const of = condition.limit === undefined ? end : `${end} . oif`;
      return some(condition.in, condition.is, () => [`fib ${of} type ${not}${listExpression(condition.in)}`]);
    }
    case 'mark': {
      const key = condition.of === 'packet' ? 'meta mark' : 'ct mark';
      const values = condition.values.map(hex);
      return some(values, condition.is, () => [
        `${key} and ${hex(condition.mask)} ${not || '== '}${listExpression(values)}`,
      ]);
    }
    case 'state':
      return stateTexts(condition.in, condition.is);
    case 'ipsec':
      return [`rt ipsec ${condition.is ? 'exists' : 'missing'}`];
    case 'made-here':
      return [`iif ${not}0`];
    case 'owner': {
      const ids = condition.in.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
      return oneOfTexts(`meta ${condition.of === 'user' ? 'skuid' : 'skgid'}`, true, ids);
    }
  }
}

/** No value at all: nothing is one of them, and everything is none of them. */
function some(values: readonly unknown[], is: boolean, texts: () => readonly string[]): readonly string[] {
  if (values.length > 0) return texts();
  return is ? [] : [''];
}

export const hex = (number: number): string => `0x${number.toString(16)}`;

const STATUSES: ReadonlySet<ConnectionState> = new Set(['snat', 'dnat']);

/** A state is one of five; a status is a flag beside it. */
function stateTexts(all: readonly ConnectionState[], is: boolean): readonly string[] {
  const states = all.filter((one) => !STATUSES.has(one));
  const statuses = all.filter((one) => STATUSES.has(one));
  const none = [
    ...(states.length > 0 ? [`ct state != ${listExpression(states)}`] : []),
    ...statuses.map((status) => `ct status and ${status} == 0`),
  ];
  if (!is) return [none.join(' ')];
  return [
    ...(states.length > 0 ? [`ct state ${listExpression(states)}`] : []),
    ...statuses.map((status) => `ct status and ${status} != 0`),
  ];
}

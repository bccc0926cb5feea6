import { fields, isObject, list, only } from './json.ts';
import type { NftRule } from './ruleset.ts';

/** A rule in words near to nft's own, for people: `ip saddr 10.0.0.0/8 oifname != "lo" masquerade`. */
export function ruleWords({ statements, comment }: NftRule): string {
  const words = statements.map(statementWords).filter((one) => one !== '');
  return [...words, ...(comment === undefined ? [] : [`comment ${JSON.stringify(comment)}`])].join(' ');
}

export function statementWords(statement: unknown): string {
  const [kind, inside] = only(statement) ?? ['', undefined];
  const told = fields(inside);
  switch (kind) {
    case 'match': {
      const isMasked = only(told['left'])?.[0] === '&';
      const op = !isMasked && (told['op'] === '==' || told['op'] === 'in') ? '' : `${told['op']} `;
      return `${words(told['left'])} ${op}${isMasked ? operand(told['right']) : words(told['right'])}`;
    }
    case 'counter':
      return '';
    case 'jump':
    case 'goto':
      return `${kind} ${words(told['target'])}`;
    case 'vmap':
      return `${words(told['key'])} vmap ${words(told['data'])}`;
    case 'mangle':
      return `${words(told['key'])} set ${words(told['value'])}`;
    case 'snat':
    case 'masquerade': {
      const address = told['addr'] === undefined ? '' : words(told['addr']);
      const port = told['port'] === undefined ? '' : `:${words(told['port'])}`;
      const to = address === '' && port === '' ? '' : `to ${address}${port}`;
      return [kind, to, words(told['flags'])].filter((one) => one !== '').join(' ');
    }
    case 'xt':
      return `xt ${words(told['name'])}`;
    default:
      return isObject(inside) ? words(statement) : `${kind} ${words(inside)}`.trim();
  }
}

function words(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (!isObject(value)) return String(value);
  const [kind, inside] = only(value) ?? ['', undefined];
  const told = fields(inside);
  switch (kind) {
    case 'prefix':
      return `${told['addr']}/${told['len']}`;
    case 'range':
      return list(inside).map(words).join('-');
    case 'set':
      return `{ ${list(inside).map(element).join(', ')} }`;
    case 'concat':
      return list(inside).map(words).join(' . ');
    case 'payload':
      return `${told['protocol']} ${told['field']}`;
    case 'meta':
      return /^[io]if/.test(String(told['key'])) ? String(told['key']) : `meta ${told['key']}`;
    case 'elem':
      return words(told['val']);
    case 'fib':
      return `fib ${list(told['flags']).join(' . ')} ${told['result']}`;
    case 'map':
      return `${words(told['key'])} map ${words(told['data'])}`;
    case '&':
    case '|':
    case '^':
      return list(inside).map(operand).join(` ${kind} `);
    default: {
      const parts = isObject(inside) ? Object.values(told) : [inside];
      return [kind, ...parts.map(words)].filter((one) => one !== '').join(' ');
    }
  }
}

const operand = (value: unknown): string => (typeof value === 'number' ? `0x${value.toString(16)}` : words(value));

const element = (value: unknown): string =>
  Array.isArray(value)
    ? `${words(value[0])} : ${only(value[1]) ? statementWords(value[1]) : words(value[1])}`
    : words(value);

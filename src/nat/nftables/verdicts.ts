import { readAddress } from '../../addresses.ts';
import type { Family } from '../../ports.ts';
import { xmark } from '../marks.ts';
import type { AddressRange, MarkChange, MarkOwner, MarkVerdict, Verdict } from '../model.ts';
import { familyOfAddress, readRange } from '../spans.ts';
import { fields, list, oneOrMore, only, text } from './json.ts';
import { markOf, portsOf } from './keys.ts';

/** A verdict statement (`{"accept": null}`, `{"jump": {"target": "x"}}`), or undefined for what is none. */
export function verdictOf(statement: unknown): Verdict | undefined {
  const [kind, inside] = only(statement) ?? [];
  switch (kind) {
    case 'accept':
    case 'return':
    case 'drop':
      return { do: kind };
    case 'continue':
      return { do: 'pass' };
    case 'jump':
    case 'goto': {
      const chain = text(fields(inside)['target']);
      return chain === undefined ? undefined : { do: kind, chain };
    }
    default:
      return undefined;
  }
}

/** Undefined where the statement says what the model has no words for. */
export function masqueradeOf(statement: unknown): Verdict | undefined {
  const { port, flags: _, ...more } = fields(statement);
  const ports = port === undefined ? undefined : portsOf(port);
  if (Object.keys(more).length > 0 || (port !== undefined && !ports)) return undefined;
  return { do: 'masquerade', ...(ports ? { ports } : {}) };
}

/** `address` is the statement's own, or what a map gives for one of its keys. `none` where it is for the other family. */
export function snatOf(statement: unknown, address: unknown, family: Family): Verdict | 'none' | undefined {
  const { port, flags, family: forFamily, addr: _, ...more } = fields(statement);
  if (Object.keys(more).length > 0) return undefined;
  if (forFamily !== undefined && forFamily !== 'ip' && forFamily !== 'ip6') return undefined;
  if (forFamily !== undefined && (forFamily === 'ip') !== (family === 'ipv4')) return 'none';
  const ports = port === undefined ? undefined : portsOf(port);
  const addresses = address === undefined ? undefined : addressesOf(address);
  const isKnown = (port === undefined || ports) && (address === undefined || addresses);
  const known = ['random', 'fully-random', 'persistent'];
  if (!isKnown || oneOrMore(flags).some((flag) => !known.includes(String(flag)))) return undefined;
  if (addresses && familyOfAddress(addresses.from) !== family) return undefined;
  return {
    do: 'snat',
    ...(addresses ? { addresses } : {}),
    ...(ports ? { ports } : {}),
    ...(oneOrMore(flags).includes('persistent') ? { persistent: true } : {}),
  };
}

function addressesOf(value: unknown): AddressRange | undefined {
  const [kind, inside] = only(value) ?? [];
  if (kind === 'range') return readRange(list(inside).join('-'));
  const address = readAddress(text(value) ?? '');
  return address === undefined ? undefined : { from: address, to: address };
}

/** What a `mangle` statement does to a mark, if anything; undefined where it changes the packet itself. */
export function markVerdict(statement: unknown): MarkVerdict | 'none' | undefined {
  const { key, value } = fields(statement);
  const [kind, inside] = only(key) ?? [];
  if (kind !== 'meta' && kind !== 'ct') return undefined;
  if (fields(inside)['key'] !== 'mark') return 'none';
  const of: MarkOwner = kind === 'meta' ? 'packet' : 'connection';
  const change = changeOf(value, kind);
  return change === undefined ? { do: 'lose-mark', of } : { do: 'set-mark', of, ...change };
}

/** An expression over the mark itself and constants; each step is again a change of the mark. */
function changeOf(value: unknown, owner: 'meta' | 'ct'): MarkChange | undefined {
  const constant = markOf(value);
  if (constant !== undefined) return { keep: 0, flip: constant };
  const [operator, inside] = only(value) ?? [];
  if (operator === owner) return fields(inside)['key'] === 'mark' ? xmark(0, 0) : undefined;
  const [left, right, more] = list(inside);
  if (left === undefined) return undefined;
  const [change, bits] = [changeOf(left, owner), markOf(right)];
  if (change === undefined || bits === undefined || more !== undefined) return undefined;
  const { keep, flip } = change;
  switch (operator) {
    case '&':
      return { keep: (keep & bits) >>> 0, flip: (flip & bits) >>> 0 };
    case '|':
      return { keep: (keep & ~bits) >>> 0, flip: ((flip & ~bits) | bits) >>> 0 };
    case '^':
      return { keep, flip: (flip ^ bits) >>> 0 };
    default:
      return undefined;
  }
}

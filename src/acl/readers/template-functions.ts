import { Address4, Address6 } from 'ip-address';
import { scrub } from '../../scrub.ts';
import { addressBlock, blocksOf } from '../address-block.ts';
import { isUnknown, type Unknown } from '../model.ts';
import { readKnownBlock } from './blocks.ts';
import { type Element, field, type GivenValue, isMapping, items, keysOf } from './element.ts';
import { shown } from './problem.ts';

export type Read = (given: GivenValue) => GivenValue;
/** What `${NAME}` or `${NAME.ATTRIBUTE}` stands for. */
export type Lookup = (name: string, at: Element) => GivenValue;

const MOST_ITEMS = 256;
const LONGEST = 65_536;

/** The intrinsic functions that need their arguments alone ("Intrinsic function reference", AWS CloudFormation Template Reference). */
export const FUNCTIONS: Readonly<Record<string, (argument: Element, read: Read, lookup: Lookup) => GivenValue>> = {
  'Fn::Join': (argument, read) => {
    const [delimiter, list] = pair(argument, read);
    const texts = textsOf(list, read);
    if (isUnknown(texts)) return texts;
    return isText(delimiter) ? text(argument, texts.join(String(delimiter.value))) : open('Fn::Join', delimiter);
  },
  'Fn::Split': (argument, read) => {
    const [delimiter, whole] = pair(argument, read);
    if (!isText(delimiter) || !isText(whole)) return open('Fn::Split', delimiter, whole);
    return { ...argument, value: String(whole.value).split(String(delimiter.value)) };
  },
  'Fn::Select': (argument, read) => {
    const [index, list] = pair(argument, read);
    if (!isText(index) || list === undefined || isUnknown(list) || !Array.isArray(list.value))
      return open('Fn::Select', index, list);
    return read(items(list)[Number(index.value)]) ?? open('Fn::Select');
  },
  'Fn::Cidr': (argument, read) => {
    const [block, count, bits] = argumentsOf(argument).map(read);
    if (!isText(block) || !isText(count) || (bits !== undefined && !isText(bits)))
      return open('Fn::Cidr', block, count, bits);
    return cidrs(argument, String(block.value), { count: Number(count.value), bits: Number(bits?.value ?? 8) });
  },
  'Fn::Length': (argument, read) => {
    const list = read(argument);
    if (list === undefined || isUnknown(list) || !Array.isArray(list.value)) return open('Fn::Length', list);
    return { ...argument, value: list.value.length };
  },
  'Fn::Base64': (argument, read) => {
    const whole = read(argument);
    return isText(whole)
      ? text(argument, Buffer.from(String(whole.value)).toString('base64'))
      : open('Fn::Base64', whole);
  },
  'Fn::ImportValue': (argument, read) => {
    const name = read(argument);
    return open(isText(name) ? `Fn::ImportValue ${shown(name.value)}` : 'Fn::ImportValue');
  },
  'Fn::Sub': (argument, read, lookup) => {
    const [template, values] = Array.isArray(argument.value) ? argumentsOf(argument) : [argument, undefined];
    if (!isText(template)) return open('Fn::Sub');
    const own = (name: string, at: Element): GivenValue => {
      const given = values === undefined ? undefined : field(values, name);
      return given === undefined ? lookup(name, at) : read(given);
    };
    return substituted(template, own);
  },
};

const argumentsOf = (argument: Element): readonly Element[] => (Array.isArray(argument.value) ? items(argument) : []);
const pair = (argument: Element, read: Read): readonly GivenValue[] => argumentsOf(argument).slice(0, 2).map(read);

/** Unknown, for the reason of the first argument that is. */
export function open(name: string, ...parts: readonly GivenValue[]): Unknown {
  return parts.find((one): one is Unknown => one !== undefined && isUnknown(one)) ?? { unknown: scrub(name) };
}

export function isText(given: GivenValue): given is Element {
  return given !== undefined && !isUnknown(given) && ['string', 'number', 'boolean'].includes(typeof given.value);
}

function text(at: Element, value: string): GivenValue {
  return value.length > LONGEST ? open('a text of more than 64 KB') : { ...at, value };
}

/** The texts of a list, those without a value left out. */
export function textsOf(list: GivenValue, read: Read): readonly string[] | Unknown {
  if (list === undefined || isUnknown(list) || !Array.isArray(list.value)) return open('Fn::Join', list);
  const all = items(list).map(read);
  const missing = all.find((one) => one !== undefined && !isText(one));
  if (missing !== undefined) return open('Fn::Join', missing);
  return all.flatMap((one) => (isText(one) ? [String(one.value)] : []));
}

const PLACEHOLDER = /\$\{(!?)([^}]*)\}/g;

function substituted(template: Element, lookup: Lookup): GivenValue {
  const whole = String(template.value);
  const parts: string[] = [];
  let from = 0;
  for (const { 0: match, 1: literal, 2: name = '', index } of whole.matchAll(PLACEHOLDER)) {
    parts.push(whole.slice(from, index));
    from = index + match.length;
    if (literal === '!') parts.push(`\${${name}}`);
    else {
      const found = lookup(name.trim(), template);
      // A value that is all of the text keeps its kind.
      if (match === whole && found !== undefined && !isUnknown(found)) return found;
      if (!isText(found)) return open(`Fn::Sub ${shown(whole)}`, found);
      parts.push(String(found.value));
    }
  }
  return text(template, [...parts, whole.slice(from)].join(''));
}

/** `count` blocks of a size of `bits` host bits, from the beginning of the block. */
function cidrs(at: Element, text: string, { count, bits }: { count: number; bits: number }): GivenValue {
  const cidr = readKnownBlock(text);
  const isFine = Number.isInteger(count) && count >= 1 && count <= MOST_ITEMS && Number.isInteger(bits) && bits >= 1;
  if (cidr === undefined || !isFine || bits > 128) return open('Fn::Cidr');
  const { from, to, family } = addressBlock(cidr);
  const size = 1n << BigInt(bits);
  if (from + size * BigInt(count) - 1n > to) return open(`Fn::Cidr, whose block ${shown(text)} is too small`);
  const all = Array.from({ length: count }, (_, i) => from + size * BigInt(i));
  const length = (family === 'ipv4' ? 32 : 128) - bits;
  const address = (start: bigint): string =>
    (family === 'ipv4' ? Address4.fromBigInt(start) : Address6.fromBigInt(start)).correctForm();
  return {
    ...at,
    value: all.map(
      (start) => blocksOf({ from: start, to: start + size - 1n }, family)[0] ?? `${address(start)}/${length}`,
    ),
  };
}

/** The name of the intrinsic function that a value is; undefined for a plain value. */
export function functionOf(element: Element): string | undefined {
  if (!isMapping(element.value)) return undefined;
  const keys = keysOf(element);
  return keys.find((key) => key === 'Ref' || key.startsWith('Fn::') || (key === 'Condition' && keys.length === 1));
}

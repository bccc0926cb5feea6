import { readAddress } from '../../addresses.ts';
import type { PortRange } from '../../ports.ts';
import { xmark } from '../marks.ts';
import type { AddressRange, MarkOwner, Verdict } from '../model.ts';
import { readRange } from '../spans.ts';
import { readMark } from './matches.ts';
import type { Option, Part } from './words.ts';

/** Targets that neither end a packet's way nor change what later rules see of it. */
const HARMLESS = new Set([
  '',
  'LOG',
  'NFLOG',
  'ULOG',
  'TRACE',
  'AUDIT',
  'SET',
  'TEE',
  'CLASSIFY',
  'SECMARK',
  'CONNSECMARK',
]);

/** What a rule does. Targets that the model has no words for are opaque, unless a chain of the table bears the name. */
export function verdictOf(part: Part | undefined, isChain: (name: string) => boolean): Verdict {
  if (part === undefined) return { do: 'pass' };
  const { name, kind, options } = part;
  if (isChain(name) && options.length === 0) return { do: kind === 'goto' ? 'goto' : 'jump', chain: name };
  if (HARMLESS.has(name)) return { do: 'pass' };
  const read = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  return read?.(part.options) ?? { do: 'opaque', text: part.text };
}

type ReadTarget = (options: readonly Option[]) => Verdict | undefined;

const RANDOM = new Set(['--random', '--random-fully']);

const masquerade: ReadTarget = (options) => {
  const told = options.filter(({ name }) => !RANDOM.has(name));
  if (told.length === 0) return { do: 'masquerade' };
  const [only, more] = told;
  const ports = only?.name === '--to-ports' && more === undefined ? readPortRange(only.values[0] ?? '') : undefined;
  return ports && { do: 'masquerade', ports };
};

const snat: ReadTarget = (options) => {
  const told = options.filter(({ name }) => !RANDOM.has(name) && name !== '--persistent');
  const [only, more] = told;
  if (only?.name !== '--to-source' || more !== undefined || only.values.length !== 1) return undefined;
  const source = readToSource(only.values[0] ?? '');
  const persistent = options.some(({ name }) => name === '--persistent') ? ({ persistent: true } as const) : {};
  return source && { do: 'snat', ...source, ...persistent };
};

interface ToSource {
  readonly addresses?: AddressRange;
  readonly ports?: PortRange;
}

/** `A`, `A-B`, `A-B:p-q`, `:p-q`; IPv6 addresses stand in brackets where ports follow. */
function readToSource(text: string): ToSource | undefined {
  const match = /^(?:\[([^\]]*)\]|([^[\]:]*)|([^[\]]*))(?::(\d+(?:-\d+)?))?$/.exec(text);
  if (!match) return undefined;
  const [, bracketed, four, six, portText] = match;
  const addressText = bracketed ?? four ?? six ?? '';
  const ports = portText === undefined ? undefined : readPortRange(portText);
  const addresses = addressText === '' ? undefined : readAddresses(addressText);
  if ((portText !== undefined && !ports) || (addressText !== '' && !addresses)) return undefined;
  if (!ports && !addresses) return undefined;
  return { ...(addresses ? { addresses } : {}), ...(ports ? { ports } : {}) };
}

function readAddresses(text: string): AddressRange | undefined {
  if (text.includes('-')) return readRange(text);
  const address = readAddress(text);
  return address === undefined ? undefined : { from: address, to: address };
}

function readPortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const range = { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
  return range.from <= range.to && range.to <= 65_535 ? range : undefined;
}

const marking =
  (of: MarkOwner): ReadTarget =>
  (options) => {
    const [option, more] = options;
    if (option === undefined || more !== undefined) return losing(of, options);
    const mark = readMark(option.values[0] ?? '');
    if (mark === undefined) return losing(of, options);
    const { value, mask } = mark;
    const set = (change: { keep: number; flip: number }): Verdict => ({ do: 'set-mark', of, ...change });
    switch (option.name) {
      case '--set-xmark':
        return set(xmark(value, mask));
      case '--set-mark':
        return set(xmark(value, (value | mask) >>> 0));
      case '--or-mark':
        return set(xmark(value, value));
      case '--and-mark':
        return set(xmark(0, ~value >>> 0));
      case '--xor-mark':
        return set(xmark(value, 0));
      default:
        return losing(of, options);
    }
  };

/** CONNMARK copies one mark to the other; any option that is not known may do as much. */
function losing(of: MarkOwner, options: readonly Option[]): Verdict {
  const restores = options.some(({ name }) => name === '--restore-mark');
  return { do: 'lose-mark', of: of === 'connection' && restores ? 'packet' : of };
}

const plain =
  (verdict: 'accept' | 'return' | 'drop'): ReadTarget =>
  (options) =>
    options.length === 0 ? { do: verdict } : undefined;

const TARGETS: Readonly<Record<string, ReadTarget>> = {
  MASQUERADE: masquerade,
  SNAT: snat,
  ACCEPT: plain('accept'),
  RETURN: plain('return'),
  DROP: plain('drop'),
  MARK: marking('packet'),
  CONNMARK: marking('connection'),
};

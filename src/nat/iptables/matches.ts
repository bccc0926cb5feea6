import { type PortRange, type PortSet, portSet } from '../../ports.ts';
import { protocolNumber } from '../../protocols.ts';
import { scrub } from '../../scrub.ts';
import { ADDRESS_TYPES, CONNECTION_STATES, type Condition, type ConnectionState, type MarkOwner } from '../model.ts';
import { readIds } from '../owners.ts';
import { readRange, readSpan } from '../spans.ts';
import type { Option, Part } from './words.ts';

/** What a part of a rule asks; undefined where the model has no words for it. `false` stands for what never holds. */
export function conditionsOf(part: Part): readonly Condition[] | false | undefined {
  if (part.kind === 'basic') return basic(part.options[0]);
  return Object.hasOwn(MATCHES, part.name) ? MATCHES[part.name]?.(part.options, part.text) : undefined;
}

function basic(option: Option | undefined): readonly Condition[] | false | undefined {
  const [value, more] = option?.values ?? [];
  if (option === undefined || value === undefined || more !== undefined) return undefined;
  switch (option.name) {
    case '-s':
    case '-d': {
      const span = readSpan(value);
      return span === undefined ? undefined : [addressCondition(option.name === '-s', [span], option.is)];
    }
    case '-i':
    case '-o':
      return interfaceCondition(option.name === '-i' ? 'arrived-on' : 'leaves-by', value, option.is);
    case '-p':
      return protocolCondition(value, option.is);
    default:
      return undefined;
  }
}

const addressCondition = (source: boolean, spans: readonly string[], is: boolean): Condition => ({
  test: source ? 'source' : 'destination',
  in: spans,
  is,
});

function interfaceCondition(
  test: 'arrived-on' | 'leaves-by',
  name: string,
  is: boolean,
): readonly Condition[] | false | undefined {
  if (name === '+') return is ? [] : false;
  if (name.endsWith('*')) return undefined;
  return [{ test, in: [name.endsWith('+') ? `${name.slice(0, -1)}*` : name], is }];
}

function protocolCondition(name: string, is: boolean): readonly Condition[] | false | undefined {
  if (name === 'all' || name === '0') return is ? [] : false;
  const number = protocolNumber(name);
  return number === undefined ? undefined : [{ test: 'protocol', in: [number], is }];
}

type ReadMatch = (options: readonly Option[], text: string) => readonly Condition[] | false | undefined;

/** Matches that are read option by option, each for itself. */
function each(read: (option: Option) => readonly Condition[] | false | undefined): ReadMatch {
  return (options) => {
    const all: Condition[] = [];
    for (const option of options) {
      const conditions = read(option);
      if (conditions === undefined || conditions === false) return conditions;
      all.push(...conditions);
    }
    return all;
  };
}

const portTest = { source: 'source-port', destination: 'destination-port' } as const;

const ports: ReadMatch = each(({ name, is, values: [value] }) => {
  const side = /^--(?:sport|source-port)$/.test(name)
    ? 'source'
    : /^--(?:dport|destination-port)$/.test(name)
      ? 'destination'
      : undefined;
  const set = readPorts(value ?? '');
  return side && set ? [{ test: portTest[side], in: set, is }] : undefined;
});

const multiport: ReadMatch = each(({ name, is, values: [value] }) => {
  const set = readPorts(value ?? '');
  if (set === undefined) return undefined;
  if (/^--(?:sports|source-ports)$/.test(name)) return [{ test: 'source-port', in: set, is }];
  if (/^--(?:dports|destination-ports)$/.test(name)) return [{ test: 'destination-port', in: set, is }];
  if (name !== '--ports' || is) return undefined;
  return [
    { test: 'source-port', in: set, is },
    { test: 'destination-port', in: set, is },
  ];
});

/** `80`, `1024:65535`, `:1023`, and lists of them. */
function readPorts(text: string): PortSet | undefined {
  const ranges: PortRange[] = [];
  for (const one of text.split(',')) {
    const match = /^(\d{0,5})(?:(:)(\d{0,5}))?$/.exec(one);
    if (!match || one === '' || one === ':') return undefined;
    const from = match[1] === '' ? 0 : Number(match[1]);
    const to = match[2] === undefined ? from : match[3] === '' ? 65_535 : Number(match[3]);
    if (from > to || to > 65_535) return undefined;
    ranges.push({ from, to });
  }
  return portSet(...ranges);
}

const markOf = (of: MarkOwner): ReadMatch =>
  each(({ name, is, values: [value] }) => {
    const mark = name === '--mark' ? readMark(value ?? '') : undefined;
    return mark && [{ test: 'mark', of, mask: mark.mask, values: [mark.value], is }];
  });

/** `0x4000/0x4000`; without a mask all 32 bits count. Undefined for anything else. */
export function readMark(text: string): { readonly value: number; readonly mask: number } | undefined {
  const [value, mask = '0xffffffff', more] = text.split('/');
  if (more !== undefined) return undefined;
  const [v, m] = [readNumber(value ?? ''), readNumber(mask)];
  return v === undefined || m === undefined ? undefined : { value: v, mask: m };
}

function readNumber(text: string): number | undefined {
  const number = /^(?:0x[0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number <= 0xffff_ffff ? number : undefined;
}

const addrtype: ReadMatch = (options, text) => {
  const limits = options.filter(({ name }) => name.startsWith('--limit-'));
  if (limits.some(({ name }) => name !== '--limit-iface-out')) return undefined;
  const limit = limits.length > 0 ? ({ limit: 'leaves-by' } as const) : {};
  return each(({ name, is, values: [value] }) => {
    if (name !== '--src-type' && name !== '--dst-type') return undefined;
    const types = readList(value, ADDRESS_TYPES);
    const of = name === '--src-type' ? 'source' : 'destination';
    return types && [{ test: 'address-type', of, in: types, is, ...limit } as const];
  })(
    options.filter((option) => !limits.includes(option)),
    text,
  );
};

const states = (name: string): ReadMatch =>
  each((option) => {
    if (option.name === '--ctdir') return (option.values[0]?.toUpperCase() === 'ORIGINAL') === option.is ? [] : false;
    const found: readonly ConnectionState[] | undefined =
      option.name === name ? readList(option.values[0], CONNECTION_STATES) : undefined;
    return found && [{ test: 'state', in: found, is: option.is }];
  });

function readList<T extends string>(text: string | undefined, known: readonly T[]): readonly T[] | undefined {
  const words = text?.toLowerCase().split(',') ?? [];
  const found = known.filter((one) => words.includes(one));
  return words.every((word) => found.some((one) => one === word)) ? found : undefined;
}

/** Of IPsec policies only whether there is one for the way out: what it has to be like can't be asked elsewhere. */
const policy: ReadMatch = (options) => {
  const told = options.map(({ name, is, values }) => [is ? name : `! ${name}`, ...values].join(' ')).toSorted();
  if (told.join() === '--dir out,--pol ipsec') return [{ test: 'ipsec', is: true }];
  return told.join() === '--dir out,--pol none' ? [{ test: 'ipsec', is: false }] : undefined;
};

/** What asks for a socket never fits what is forwarded, which has none. */
const ofProgramsHere = (text: string): readonly Condition[] => [
  { test: 'made-here', is: true },
  { test: 'opaque', text: scrub(text) },
];

const owner: ReadMatch = (options, text) => {
  const asked: Condition[] = [];
  for (const { name, is, values } of options) {
    const of = name === '--uid-owner' ? 'user' : name === '--gid-owner' ? 'group' : undefined;
    const ids = readIds(values.join(' '));
    if (of === undefined || ids === undefined) return options.some((one) => one.is) ? ofProgramsHere(text) : undefined;
    asked.push({ test: 'owner', of, in: [ids], is });
  }
  return asked;
};

const iprange: ReadMatch = each(({ name, is, values: [value] }) => {
  const range = readRange(value ?? '');
  if (range === undefined || (name !== '--src-range' && name !== '--dst-range')) return undefined;
  return [addressCondition(name === '--src-range', [`${range.from}-${range.to}`], is)];
});

const MATCHES: Readonly<Record<string, ReadMatch>> = {
  tcp: ports,
  udp: ports,
  sctp: ports,
  udplite: ports,
  dccp: ports,
  multiport,
  mark: markOf('packet'),
  connmark: markOf('connection'),
  addrtype,
  conntrack: states('--ctstate'),
  state: states('--state'),
  iprange,
  policy,
  owner,
  cgroup: (_, text) => ofProgramsHere(text),
  comment: () => [],
};

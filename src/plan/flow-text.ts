import { Address4, Address6 } from 'ip-address';
import { PortfenceError } from '../errors.ts';
import { PROTOCOLS } from '../ports.ts';
import type { Flow } from './locate.ts';

const EXAMPLE = "write it like 'tcp 172.18.0.5:40001 > 203.0.113.10:443', IPv6 as [fd00::5]:40001";
const ON_A_HOST =
  "; add 'in br-lan' or 'out eth1' where the addresses do not say it, 'mark 0x4000' for a packet with a mark, and 'user 1000' or 'group 1000' for another sender than root";
const SHAPE = /^\s*(\S+)\s+(\S+)\s*(?:->|>)\s*(\S+)((?:\s+(?:in|out|mark|user|group)\s+\S+)*)\s*$/;
const HIGHEST = 0xffff_ffff;

/** Reads a flow on a host as a person writes it. Throws FLOW with the part that is wrong and an example. */
export const parseFlow = (text: string): Flow => readFlow(text, `${EXAMPLE}${ON_A_HOST}`);

/** Reads a flow between two addresses; throws FLOW where interfaces or a mark are named, which an ACL knows nothing of. */
export function parseEnds(text: string): Flow {
  const flow = readFlow(text, EXAMPLE);
  if ([flow.arrived, flow.leaves, flow.mark, flow.user, flow.group].every((one) => one === undefined)) return flow;
  throw new PortfenceError(
    'FLOW',
    "an ACL knows no interfaces: 'in', 'out', 'mark', 'user' and 'group' say nothing here",
    {
      hint: EXAMPLE,
    },
  );
}

function readFlow(text: string, example: string): Flow {
  const wrong = (message: string) => new PortfenceError('FLOW', message, { hint: example });
  const parseEnd = (word: string) => readEnd(word, wrong);
  const match = SHAPE.exec(text);
  if (!match) throw wrong(`'${text}' is not a flow`);
  const [, protocolWord = '', sourceWord = '', destinationWord = '', rest = ''] = match;
  const protocol = PROTOCOLS.find((one) => one === protocolWord.toLowerCase());
  if (!protocol) throw wrong(`'${protocolWord}' is no protocol that has ports here (${PROTOCOLS.join(', ')})`);
  const source = parseEnd(sourceWord);
  const destination = parseEnd(destinationWord);
  if (source.address.includes(':') !== destination.address.includes(':')) {
    throw wrong(`'${sourceWord}' and '${destinationWord}' are of different address families`);
  }
  const extras = new Map([...rest.matchAll(/(in|out|mark|user|group)\s+(\S+)/g)].map((one) => [one[1], one[2]]));
  const arrived = extras.get('in');
  const leaves = extras.get('out');
  const number = (name: 'mark' | 'user' | 'group', what: string): number | undefined => {
    const word = extras.get(name);
    const value = word === undefined ? undefined : readNumber(word);
    if (Number.isNaN(value)) throw wrong(`'${word}' is no ${what}`);
    return value;
  };
  const mark = number('mark', 'mark');
  const user = number('user', 'number of a user');
  const group = number('group', 'number of a group');
  return {
    protocol,
    source: source.address,
    sourcePort: source.port,
    destination: destination.address,
    destinationPort: destination.port,
    ...(arrived === undefined ? {} : { arrived }),
    ...(leaves === undefined ? {} : { leaves }),
    ...(mark === undefined ? {} : { mark }),
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}

/** 32 bits, decimal or hexadecimal; NaN for anything else. */
function readNumber(word: string): number {
  const value = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(word) ? Number(word) : Number.NaN;
  return value <= HIGHEST ? value : Number.NaN;
}

function readEnd(word: string, wrong: (message: string) => PortfenceError): { address: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(word);
  if (!match) throw wrong(`'${word}' is not an address with a port`);
  const port = Number(match[3]);
  if (port > 65_535 || port === 0) throw wrong(`'${word}': ${port} is no port`);
  const six = match[1];
  const four = match[2] ?? '';
  try {
    return { address: six === undefined ? new Address4(four).correctForm() : new Address6(six).correctForm(), port };
  } catch {
    throw wrong(`'${word}': ${six ?? four} is no address`);
  }
}

import { Address4, Address6 } from 'ip-address';
import { PortfenceError } from '../errors.ts';
import { PROTOCOLS } from '../ports.ts';
import type { Flow } from './locate.ts';

const EXAMPLE =
  "write it like 'tcp 172.18.0.5:40001 > 203.0.113.10:443', IPv6 as [fd00::5]:40001; add 'in br-lan' or 'out eth1' where the addresses do not tell";
const SHAPE = /^\s*(\S+)\s+(\S+)\s*(?:->|>)\s*(\S+)((?:\s+(?:in|out)\s+\S+)*)\s*$/;

/** Reads a flow as a person writes it. Throws FLOW with the part that is wrong and an example. */
export function parseFlow(text: string): Flow {
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
  const interfaces = new Map([...rest.matchAll(/(in|out)\s+(\S+)/g)].map((one) => [one[1], one[2]]));
  const arrived = interfaces.get('in');
  const leaves = interfaces.get('out');
  return {
    protocol,
    source: source.address,
    sourcePort: source.port,
    destination: destination.address,
    destinationPort: destination.port,
    ...(arrived === undefined ? {} : { arrived }),
    ...(leaves === undefined ? {} : { leaves }),
  };
}

function parseEnd(word: string): { address: string; port: number } {
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

function wrong(message: string): PortfenceError {
  return new PortfenceError('FLOW', message, { hint: EXAMPLE });
}

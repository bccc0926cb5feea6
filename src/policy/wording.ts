import type { PolicyPath } from './problem.ts';

/** How a sentence names a key's value: what is expected there, an example to write, and the words it may be. */
export interface Wording {
  readonly expects: string;
  readonly example: string;
  readonly words?: readonly string[];
  /** Single values that would be fine as a list of one. */
  readonly item?: RegExp;
}

const RANGES = { expects: 'a range of ports, or a list of ranges', example: '49152-61000' };
const ADDRESSES = {
  expects: 'a list of addresses and blocks',
  example: '[10.0.0.0/8]',
  item: /^[\da-f:.]*[.:][\da-f:.]*(?:\/\d+)?$/i,
};
const NAMES = {
  expects: 'auto or a list of interface names',
  example: 'auto',
  words: ['auto'],
  item: /^[a-z][\w.-]*\*?$/i,
};
/** A port and what carries it. */
export const SERVICE = /^(?:[1-9]\d{0,4})\/(?:tcp|udp|sctp)$/;
const MAPPING = 'a mapping of keys to values';

const WORDINGS: Readonly<Record<string, Wording>> = {
  '': { expects: MAPPING, example: 'ports: 49152-61000' },
  version: { expects: 'the number 1', example: '1' },
  ports: RANGES,
  'ports.*': { expects: 'a range or a port', example: '49152-61000' },
  'ports.acl': { expects: 'auto or the name of a file', example: 'auto' },
  'ports.subnet': { expects: 'the id of a subnet', example: 'subnet-0abc' },
  'ports.services': { expects: 'a list of services', example: '[443/tcp]', item: SERVICE },
  'ports.peers': ADDRESSES,
  'ports.peers.*': { expects: 'an address or a block', example: '10.0.0.0/8' },
  'ports.everyMinutes': { expects: 'minutes from 0 to 1440', example: '15' },
  'ports.services.*': { expects: 'a service', example: '443/tcp' },
  protocols: { expects: 'a list of protocols', example: '[tcp, udp]', item: /^(?:tcp|udp|sctp)$/ },
  'protocols.*': { expects: 'a protocol', example: 'tcp' },
  families: { expects: 'a list of families', example: '[ipv4, ipv6]', item: /^ipv[46]$/ },
  'families.*': { expects: 'a family', example: 'ipv4' },
  uplinks: NAMES,
  'uplinks.*': { expects: 'the name of an interface', example: 'eth0' },
  exempt: { expects: MAPPING, example: '{ destinations: [10.0.0.0/8] }' },
  'exempt.destinations': ADDRESSES,
  'exempt.destinations.*': { expects: 'an address or a block', example: '10.0.0.0/8' },
  'exempt.sourcePorts': { expects: 'a list of ports and ranges', example: '[123, 500]' },
  'exempt.sourcePorts.*': { expects: 'a port or a range', example: '123' },
  host: { expects: 'a word', example: 'ephemeral' },
  hostRange: { expects: 'a word', example: 'auto' },
  containers: { expects: MAPPING, example: '{ native: true }' },
  'containers.native': { expects: 'true or false', example: 'true' },
  'containers.timestamps': { expects: 'a word', example: 'shared' },
  'containers.interfaces': NAMES,
  'containers.interfaces.*': { expects: 'the name of an interface', example: 'docker0' },
  'containers.routed': { expects: 'auto or a list of blocks', example: 'auto', words: ['auto'], item: ADDRESSES.item },
  'containers.routed.*': { expects: 'an address or a block', example: '10.8.0.0/16' },
  forwarded: { expects: 'a word', example: 'leave' },
  guard: { expects: 'a word', example: 'count' },
  listen: { expects: 'an address with a port', example: '127.0.0.1:9469' },
};

/** The wording for the value at a path; list items share one. */
export function wordingOf(path: PolicyPath): Wording {
  return WORDINGS[keyOf(path)] ?? { expects: 'something else', example: '' };
}

/** Every key of a policy with the keys that it stands under: `['exempt', 'sourcePorts']`. */
export const KEY_PATHS: readonly (readonly string[])[] = Object.keys(WORDINGS)
  .filter((key) => key !== '' && !key.endsWith('*'))
  .map((key) => key.split('.'));

/** The keys that may stand in the mapping at the path. */
export function keysAt(path: PolicyPath): readonly string[] {
  const under = keyOf(path);
  return KEY_PATHS.filter((key) => key.slice(0, -1).join('.') === under).map((key) => key.at(-1) ?? '');
}

function keyOf(path: PolicyPath): string {
  return path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
}

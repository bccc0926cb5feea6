import { ALL_PORTS, portsText, samePorts } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { type Decider, implicitNumber } from './decision.ts';
import { type AclEntry, type IcmpMatch, isUnknown, type Known, type ProtocolMatch } from './model.ts';
import { PROTOCOL_NUMBERS, protocolText } from './services.ts';

/** `allow tcp 49152-61000 from 0.0.0.0/0`; what could not be judged stands in it as `?`. */
export function entryText({ direction, allow, remote, protocol, ports, sourcePorts, icmp }: AclEntry): string {
  const way = isUnknown(direction) ? 'from or to' : direction === 'inbound' ? 'from' : 'to';
  const action = known(allow, (yes) => (yes ? 'allow' : 'deny'));
  const what = isIcmp(protocol)
    ? known(icmp, icmpText)
    : known(ports, (set) => (samePorts(set, ALL_PORTS) ? '' : portsText(set)));
  const from = sourcePorts ? `from source ports ${portsText(sourcePorts)}` : '';
  const words = [action, known(protocol, matchText), what, from, way, known(remote, (block) => block)];
  return words.filter((word) => word !== '').join(' ');
}

const known = <T>(value: Known<T>, text: (value: T) => string): string => (isUnknown(value) ? '?' : text(value));
const matchText = (match: ProtocolMatch): string => (match === 'all' ? 'all traffic' : protocolText(match));
const isIcmp = (protocol: AclEntry['protocol']): boolean =>
  protocol === PROTOCOL_NUMBERS.icmp || protocol === PROTOCOL_NUMBERS.icmpv6;

function icmpText({ type, code }: IcmpMatch): string {
  if (type === 'any') return '';
  return code === 'any' ? `type ${type}` : `type ${type} code ${code}`;
}

/** Why an entry could not be judged, each reason once, with the field: `ports: known after apply`. */
export function doubtsOf(entry: AclEntry): readonly string[] {
  const { direction, number, allow, family, remote, protocol, ports, icmp, presence } = entry;
  const fields = { direction, number, allow, family, remote, protocol, ports, icmp, presence };
  return [
    ...Object.entries(fields).flatMap(([name, value]) =>
      value !== undefined && isUnknown(value) ? [`${name}: ${scrub(value.unknown)}`] : [],
    ),
    ...(entry.when ?? []).map(({ words }) => scrub(words)),
  ];
}

/** `inbound 100: allow tcp 49152-61000 from 0.0.0.0/0`, with the ACL behind the number where it is asked for; or why nothing is filtered. */
export function deciderText(decider: Decider, { withAcl = false } = {}): string {
  if (decider.kind === 'unfiltered') return decider.why;
  const { acl, direction, family } = decider;
  const [number, text] =
    decider.kind === 'entry'
      ? [known(decider.entry.number, String), entryText(decider.entry)]
      : [implicitNumber(acl, family)?.toString(), 'deny what no entry matches'];
  return `${direction}${number === undefined ? '' : ` ${number}`}${withAcl ? ` of ${scrub(acl.id)}` : ''}: ${text}`;
}

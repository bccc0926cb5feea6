import { Address4, Address6 } from 'ip-address';
import type { Protocol } from '../../ports.ts';

/** What one rule matches. A port, a flag or a mapping needs the protocol in the same rule. */
export interface Match {
  readonly protocol?: Protocol;
  readonly words: readonly string[];
}

/** Matches any of which will do. None: nothing fits; one without words: everything does. */
export type Either = readonly Match[];

export const ALWAYS: Either = [{ words: [] }];
export const NEVER: Either = [];
/** Made on this host. A transparent proxy's packet has a socket here, but no address. */
export const MADE_HERE: Either = [{ words: ['-m addrtype --src-type LOCAL'] }, { words: ['-m owner --socket-exists'] }];

/** Every way to fit all of them: one match, and so one rule, each. Combinations of two protocols fit nothing. */
export function allOf(conditions: readonly Either[]): Either {
  return conditions.reduce<Either>(
    (sofar, either) => sofar.flatMap((one) => either.flatMap((other) => both(one, other))),
    ALWAYS,
  );
}

function both(one: Match, other: Match): Either {
  if (one.protocol && other.protocol && one.protocol !== other.protocol) return NEVER;
  const protocol = one.protocol ?? other.protocol;
  const words = [...one.words];
  for (const text of other.words) words.push(besides(words, text));
  return [{ ...(protocol ? { protocol } : {}), words }];
}

/** A rule has one `-s`, one `-d` and one port match of a kind: what asks a second time is said by modules that may repeat. */
function besides(words: readonly string[], text: string): string {
  const [, not = '', flag = '', value = ''] = /^(! )?(-[sd]) (\S+)$/.exec(text) ?? [];
  if (flag !== '' && words.some((one) => one.replace(/^! /, '').startsWith(`${flag} `)))
    return `-m iprange ${not}--${flag === '-s' ? 'src' : 'dst'}-range ${spanText(value)}`;
  const [, end, ports = ''] = /^-m (?:tcp|udp|sctp) --([sd]port) (\S+)$/.exec(text) ?? [];
  const isSecond = end !== undefined && words.some((one) => / --[sd]port /.test(one) && one.includes(`--${end} `));
  return isSecond ? `-m multiport --${end}s ${ports}` : text;
}

/** A block or a span as iprange takes it. */
export function spanText(span: string): string {
  if (span.includes('-')) return span;
  const block = span.includes(':') ? new Address6(span) : new Address4(span);
  return `${block.startAddress().correctForm()}-${block.endAddress().correctForm()}`;
}

/** The protocol stands first, since its own matches need it. */
export function matchWords({ protocol, words }: Match): readonly string[] {
  return [...(protocol ? [`-p ${protocol}`] : []), ...words];
}

import { PROTOCOL_NUMBER } from '../protocols.ts';
import { newSpan, readAddress, type Span } from './flow-line-address.ts';

/** One line of conntrack, read in place. Addresses are given by where they stand, each with a number made of its bytes. */
export interface LineFields {
  /** Where the line ends: the place of its newline. */
  newline: number;
  protocol: number;
  /** Where the connection stands: 0 opening (no answer yet), 1 open, 2 closing (ended, waiting for its time to run out). */
  phase: number;
  /** Seconds until the entry ends; -1 for an offloaded flow. */
  timeoutS: number;
  unreplied: boolean;
  /** The source as the flow was opened. */
  source: Span;
  /** Where answers come from: the destination, behind any mapping of it. */
  destination: Span;
  destinationPort: number;
  /** Where answers go to: the address and the port that the flow leaves with. */
  leaving: Span;
  leavingPort: number;
}

export const newFields = (): LineFields => ({
  ...{ newline: 0, protocol: 0, phase: 0, timeoutS: -1, unreplied: false, destinationPort: 0, leavingPort: 0 },
  ...{ source: newSpan(), destination: newSpan(), leaving: newSpan() },
});

export type LineKind = 'flow' | 'other-protocol' | 'malformed';

const [NEWLINE, BLANK] = [10, 32];
const [ZERO, NINE, BRACKET] = [48, 57, 91];
const [UPPER_A, UPPER_U, UPPER_Z] = [65, 85, 90];
const { tcp: TCP, udp: UDP, sctp: SCTP } = PROTOCOL_NUMBER;
const [S, R, C, D, T, P, O, EQUALS] = [115, 114, 99, 100, 116, 112, 111, 61];
const SHORTEST_LINE = 24;

/**
 * Reads the line that begins at `start` into `into`; a newline has to stand before `end`. The line is one of
 * /proc/net/nf_conntrack or `conntrack -L -o extended` (nf_conntrack_standalone.c, ct_seq_show: family, its number,
 * protocol, its number, timeout, state, two tuples). Makes no object and no string, and looks at each byte once.
 */
export function readLine(bytes: Uint8Array, start: number, end: number, into: LineFields): LineKind {
  const kind = start + SHORTEST_LINE < end ? readFields(bytes, start, end, into) : 'malformed';
  if (kind !== 'flow') into.newline = bytes.indexOf(NEWLINE, start);
  return kind;
}

function readFields(bytes: Uint8Array, start: number, end: number, into: LineFields): LineKind {
  if (bytes[start] !== 105 || bytes[start + 1] !== 112 || bytes[start + 2] !== 118) return 'malformed';
  const isIpv4 = bytes[start + 3] === 52;
  let at = protocolAt(bytes, start, isIpv4);
  into.protocol = decimal(bytes, at, 255);
  if (into.protocol < 0) return 'malformed';
  if (into.protocol !== TCP && into.protocol !== UDP && into.protocol !== SCTP) return 'other-protocol';
  at = nextWord(bytes, at);
  into.timeoutS = -1;
  const first = bytes[at] ?? 0;
  if (first >= ZERO && first <= NINE) {
    into.timeoutS = decimal(bytes, at, 0x7fffffff);
    at = nextWord(bytes, at);
  }
  const letter = bytes[at] ?? 0;
  const hasState = letter >= UPPER_A && letter <= UPPER_Z;
  const phase = hasState ? phaseOf(letter, bytes[at + 1] ?? 0) : -1;
  if (hasState) at = nextWord(bytes, at);
  at = readTuples(bytes, at, isIpv4, into);
  if (at < 0) return 'malformed';
  while (at < end && bytes[at] !== NEWLINE) at += 1; // What follows are marks and counts.
  into.newline = at;
  into.phase = phase >= 0 ? phase : into.unreplied ? 0 : 1;
  return 'flow';
}

/** The place of the fourth word. The kernel pads the first and the third to eight characters. */
function protocolAt(bytes: Uint8Array, start: number, isIpv4: boolean): number {
  const usual = start + (isIpv4 ? 20 : 21);
  if (bytes[usual - 10] === BLANK && bytes[usual - 1] === BLANK && (bytes[usual] ?? 0) > BLANK) return usual;
  return nextWord(bytes, nextWord(bytes, nextWord(bytes, start)));
}

/** SYN_SENT, SYN_RECV, NONE, COOKIE_WAIT, COOKIE_ECHOED; ESTABLISHED, HEARTBEAT_*; what else there is ends. */
function phaseOf(first: number, second: number): number {
  const [Y, E, H, N, UPPER_C, UPPER_O, UPPER_S] = [89, 69, 72, 78, 67, 79, 83];
  if (first === E || first === H) return 1;
  if (first === N || (first === UPPER_C && second === UPPER_O)) return 0;
  return first === UPPER_S && second === Y ? 0 : 2; // SYN_* or SHUTDOWN_*
}

/** Both tuples: as the flow was opened, then as its answers read. Gives the place behind them; -1 where one is not whole. */
function readTuples(bytes: Uint8Array, from: number, isIpv4: boolean, into: LineFields): number {
  let at = readAddress(bytes, behindAddressKey(bytes, from, S, R, C), isIpv4, into.source);
  at = behindAddressKey(bytes, at, D, S, T);
  at = behindPortKey(bytes, behindPortKey(bytes, at, S), D);
  at = replyAt(bytes, at, into);
  at = readAddress(bytes, behindAddressKey(bytes, at, S, R, C), isIpv4, into.destination);
  at = readAddress(bytes, behindAddressKey(bytes, at, D, S, T), isIpv4, into.leaving);
  at = behindPortKey(bytes, at, S);
  into.destinationPort = decimal(bytes, at, 65_535);
  at = behindPortKey(bytes, at, D);
  into.leavingPort = decimal(bytes, at, 65_535);
  return into.destinationPort < 0 || into.leavingPort < 0 ? -1 : at;
}

/** The second tuple; `[UNREPLIED]` and counts may stand before it. */
function replyAt(bytes: Uint8Array, from: number, into: LineFields): number {
  into.unreplied = false;
  if (from < 0) return -1;
  for (let at = nextWord(bytes, from); ; at = nextWord(bytes, at)) {
    const first = bytes[at] ?? 0;
    if (first < BLANK || (first === S && bytes[at + 1] === R)) return at;
    if (first === BRACKET && bytes[at + 1] === UPPER_U) into.unreplied = true;
  }
}

/** The place behind the next word that begins with `src=` or `dst=`; -1 where the line has none, or `from` is none. */
function behindAddressKey(bytes: Uint8Array, from: number, a: number, b: number, c: number): number {
  if (from < 0) return -1;
  for (let at = from; ; at = nextWord(bytes, at)) {
    if (bytes[at] === a && bytes[at + 1] === b && bytes[at + 2] === c && bytes[at + 3] === EQUALS) return at + 4;
    if ((bytes[at] ?? 0) < BLANK) return -1;
  }
}

/** The same for `sport=` or `dport=`, of which `first` is the first letter. */
function behindPortKey(bytes: Uint8Array, from: number, first: number): number {
  if (from < 0) return -1;
  for (let at = from; ; at = nextWord(bytes, at)) {
    if (
      bytes[at] === first &&
      bytes[at + 1] === P &&
      bytes[at + 2] === O &&
      bytes[at + 3] === R &&
      bytes[at + 4] === T &&
      bytes[at + 5] === EQUALS
    )
      return at + 6;
    if ((bytes[at] ?? 0) < BLANK) return -1;
  }
}

/** The beginning of the next word; the place of the newline, or of another control character, where there is none. */
function nextWord(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] ?? 0) > BLANK) at += 1;
  while (bytes[at] === BLANK) at += 1;
  return at;
}

/** A number that ends at a blank or at the end of the line; -1 where it is none, or more than `most`. */
function decimal(bytes: Uint8Array, from: number, most: number): number {
  let value = 0;
  let at = from;
  for (let byte = bytes[at] ?? 0; byte > BLANK; byte = bytes[at] ?? 0) {
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > most) return -1;
    at += 1;
  }
  return at === from ? -1 : value;
}

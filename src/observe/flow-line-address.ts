/** An address in a buffer. An IPv4 address is its `number` of 32 bits; that of an IPv6 address is a hash. */
export interface Span {
  isIpv4: boolean;
  start: number;
  end: number;
  number: number;
}

export const newSpan = (): Span => ({ isIpv4: true, start: 0, end: 0, number: 0 });

const BLANK = 32;
const [ZERO, COLON, DOT, SLASH, LOWER_A, LOWER_F] = [48, 58, 46, 47, 97, 102];
/** The longest text of an IPv6 address is one that ends in an IPv4 address. */
const ADDRESS_BYTES = 45;

/** Reads the address at `from`, which ends at a blank or at the end of the line. Gives the place behind it; -1 where it is none. */
export function readAddress(bytes: Uint8Array, from: number, isIpv4: boolean, into: Span): number {
  if (from < 0) return -1;
  into.isIpv4 = isIpv4;
  into.start = from;
  into.end = isIpv4 ? readIpv4(bytes, from, into) : readIpv6(bytes, from, into);
  return into.end;
}

function readIpv4(bytes: Uint8Array, from: number, into: Span): number {
  let [at, number, part, dots] = [from, 0, -1, 0];
  for (let byte = bytes[at] ?? 0; byte > BLANK; byte = bytes[at] ?? 0) {
    if (byte === DOT) {
      if (part < 0) return -1;
      number = (number << 8) | part;
      part = -1;
      dots += 1;
    } else {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || part === 0) return -1;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    }
    at += 1;
  }
  into.number = (number << 8) | part;
  return dots === 3 && part >= 0 ? at : -1;
}

/** An address as bytes that an address can hold, with their FNV-1a hash. */
function readIpv6(bytes: Uint8Array, from: number, into: Span): number {
  let hash = 0x811c9dc5;
  let at = from;
  for (let byte = bytes[at] ?? 0; byte > BLANK; byte = bytes[at] ?? 0) {
    const isDigit = byte >= DOT && byte <= COLON && byte !== SLASH;
    if (!isDigit && (byte < LOWER_A || byte > LOWER_F)) return -1;
    hash = Math.imul(hash ^ byte, 0x01000193);
    at += 1;
  }
  into.number = hash;
  return at - from >= 2 && at - from <= ADDRESS_BYTES ? at : -1;
}

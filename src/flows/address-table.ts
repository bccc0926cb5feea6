import { readAddress } from '../addresses.ts';
import type { Span } from '../observe/flow-line-address.ts';
import { type Groups, groupsOf } from './block-matcher.ts';

/** Distinct addresses, each with a number from 0, kept as 32 bits or as bytes. */
export interface AddressTable {
  readonly size: () => number;
  /** The number of the address at this place; -1 where it is new and the table is full. */
  numberOf(bytes: Uint8Array, span: Span): number;
  /** The address in canonical text. */
  text(number: number): string;
  /** What `classify` said of the address: it is asked once for each. */
  kind(number: number): number;
}

const FIRST_SLOTS = 1024;
/** IPv6 in full has 39 bytes. */
const WIDTH = 48;
const IPV4 = -1;

/** A table of at most `most` addresses; `classify` gives a small number for what the reader wants to know of each. */
export function addressTable(classify: (address: Groups) => number, most = 1 << 20): AddressTable {
  let slots = new Int32Array(FIRST_SLOTS).fill(-1);
  let numbers = new Int32Array(FIRST_SLOTS / 2);
  /** Which of `texts` an address has; IPV4 for none. */
  let places = new Int32Array(FIRST_SLOTS / 2);
  let kinds = new Uint8Array(FIRST_SLOTS / 2);
  let texts = new Uint8Array(WIDTH);
  let [size, textCount] = [0, 0];
  const isAt = (number: number, bytes: Uint8Array, { isIpv4, start, end }: Span): boolean => {
    const place = places[number] ?? IPV4;
    if (isIpv4 || place === IPV4) return isIpv4 && place === IPV4;
    const base = place * WIDTH;
    const length = end - start;
    if (texts[base] !== length) return false;
    for (let i = 0; i < length; i += 1) if (texts[base + 1 + i] !== bytes[start + i]) return false;
    return true;
  };
  const freeSlot = (number: number): number => {
    const mask = slots.length - 1;
    let at = mixed(number) & mask;
    while (slots[at] !== -1) at = (at + 1) & mask;
    return at;
  };
  const grow = (): void => {
    const room = slots.length; // Half as many addresses as slots.
    [numbers, places] = [widened(numbers, new Int32Array(room)), widened(places, new Int32Array(room))];
    kinds = widened(kinds, new Uint8Array(room));
    slots = new Int32Array(room * 2).fill(-1);
    for (let number = 0; number < size; number += 1) slots[freeSlot(numbers[number] ?? 0)] = number;
  };
  const keepText = (bytes: Uint8Array, { start, end }: Span): number => {
    if ((textCount + 1) * WIDTH > texts.length) texts = widened(texts, new Uint8Array(texts.length * 2));
    texts[textCount * WIDTH] = end - start;
    texts.set(bytes.subarray(start, end), textCount * WIDTH + 1);
    textCount += 1;
    return textCount - 1;
  };
  const written = (number: number): string => {
    const place = places[number] ?? IPV4;
    if (place === IPV4) return ipv4Text(numbers[number] ?? 0);
    const base = place * WIDTH;
    return String.fromCharCode(...texts.subarray(base + 1, base + 1 + (texts[base] ?? 0)));
  };
  return {
    size: () => size,
    text: (number) => readAddress(written(number)) ?? written(number),
    kind: (number) => kinds[number] ?? 0,
    numberOf: (bytes, span) => {
      const mask = slots.length - 1;
      let at = mixed(span.number) & mask;
      for (let number = slots[at] ?? -1; number !== -1; number = slots[at] ?? -1) {
        if (numbers[number] === span.number && isAt(number, bytes, span)) return number;
        at = (at + 1) & mask;
      }
      if (size >= most) return -1;
      if (size * 2 >= slots.length) grow();
      slots[freeSlot(span.number)] = size;
      numbers[size] = span.number;
      places[size] = span.isIpv4 ? IPV4 : keepText(bytes, span);
      kinds[size] = classify(span.isIpv4 ? ipv4Groups(span.number) : (groupsOf(written(size)) ?? []));
      size += 1;
      return size - 1;
    },
  };
}

/** Neighbouring addresses differ in few bits, and FNV's low bits alone spread badly. */
function mixed(number: number): number {
  const hash = Math.imul(number ^ (number >>> 16), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

const ipv4Groups = (number: number): Groups => [number >>> 16, number & 0xffff];
const ipv4Text = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');

function widened<T extends Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(old: T, wider: T): T {
  wider.set(old);
  return wider;
}

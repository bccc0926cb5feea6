import { Buffer } from 'node:buffer';

const NEWLINE = 10;
/** An entry of conntrack has 330 bytes at most: two tuples of IPv6 and every word that an extension adds. */
const LONGEST_LINE = 4096;

/** Whole lines as a part of a buffer: a newline stands before `end`. The buffer is written over after the call. */
export type OnLines = (bytes: Uint8Array, start: number, end: number) => void;

/** Takes bytes as they come. */
export interface LineSplitter {
  take(bytes: Uint8Array, count: number): void;
  /** No more bytes come: what has no newline is a line too. */
  end(): void;
}

/** Gives whole lines of pieces of bytes, as many at once as there are. A line of more than 4,096 bytes is given cut off. */
export function lineSplitter(onLines: OnLines): LineSplitter {
  const kept = Buffer.alloc(LONGEST_LINE + 1);
  let length = 0;
  const keep = (bytes: Uint8Array, start: number, end: number): void => {
    const part = bytes.subarray(start, Math.min(end, start + LONGEST_LINE - length));
    kept.set(part, length);
    length += part.length;
  };
  const giveKept = (): void => {
    kept[length] = NEWLINE;
    onLines(kept, 0, length + 1);
    length = 0;
  };
  return {
    take: (bytes, count) => {
      const whole = count === 0 ? 0 : bytes.lastIndexOf(NEWLINE, count - 1) + 1;
      let start = 0;
      if (length > 0 && whole > 0) {
        start = bytes.indexOf(NEWLINE) + 1;
        keep(bytes, 0, start - 1);
        giveKept();
      }
      if (start < whole) onLines(bytes, start, whole);
      keep(bytes, whole, count);
    },
    end: () => {
      if (length > 0) giveKept();
    },
  };
}

/** Rows of counts by four integers, in a few flat arrays. */
export interface CountTable {
  readonly size: () => number;
  /** The row of a key, made where it is new; -1 where it is new and the table is full. */
  row(a: number, b: number, c: number, d: number): number;
  /** Part 0 to 3 of a row's key. */
  key(row: number, part: number): number;
  add(row: number, column: number, count: number): void;
  count(row: number, column: number): number;
}

const FIRST_ROWS = 512;

/** A table of at most `most` rows with so many counts each. */
export function countTable(columns: number, most = 1 << 20): CountTable {
  let slots = new Int32Array(FIRST_ROWS * 2).fill(-1);
  let keys = new Int32Array(FIRST_ROWS * 4);
  let counts = new Uint32Array(FIRST_ROWS * columns);
  let size = 0;
  const grow = (): void => {
    const room = slots.length;
    const widerKeys = new Int32Array(room * 4);
    widerKeys.set(keys);
    const widerCounts = new Uint32Array(room * columns);
    widerCounts.set(counts);
    [keys, counts, slots] = [widerKeys, widerCounts, new Int32Array(room * 2).fill(-1)];
    for (let row = 0; row < size; row += 1) {
      const base = row * 4;
      slots[freeSlot(hashOf(keys[base] ?? 0, keys[base + 1] ?? 0, keys[base + 2] ?? 0, keys[base + 3] ?? 0))] = row;
    }
  };
  const freeSlot = (hash: number): number => {
    const mask = slots.length - 1;
    let at = hash & mask;
    while (slots[at] !== -1) at = (at + 1) & mask;
    return at;
  };
  return {
    size: () => size,
    key: (row, part) => keys[row * 4 + part] ?? 0,
    add: (row, column, count) => {
      counts[row * columns + column] = (counts[row * columns + column] ?? 0) + count;
    },
    count: (row, column) => counts[row * columns + column] ?? 0,
    row: (a, b, c, d) => {
      const hash = hashOf(a, b, c, d);
      const mask = slots.length - 1;
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const row = slots[at] ?? -1;
        if (row === -1) break;
        const base = row * 4;
        if (keys[base] === a && keys[base + 1] === b && keys[base + 2] === c && keys[base + 3] === d) return row;
      }
      if (size >= most) return -1;
      if (size * 2 >= slots.length) grow();
      slots[freeSlot(hash)] = size;
      keys.set([a, b, c, d], size * 4);
      size += 1;
      return size - 1;
    },
  };
}

function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d) ^ Math.imul(d, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) & 0x7fffffff;
}

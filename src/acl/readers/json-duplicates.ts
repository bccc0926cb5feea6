/** A key that one object has twice, and where, as offsets into the text. */
export interface Duplicate {
  readonly key: string;
  readonly first: number;
  readonly second: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const MOST = 20;

/** Keys that a JSON text holds twice in one object; JSON.parse keeps the last and says nothing. The text must be valid. */
export function duplicateKeys(text: string): readonly Duplicate[] {
  const found: Duplicate[] = [];
  const open: (Map<string, number> | undefined)[] = [];
  for (let at = 0; at < text.length && found.length < MOST; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x7b) open.push(new Map());
    else if (code === 0x5b) open.push(undefined);
    else if (code === 0x7d || code === 0x5d) open.pop();
    else if (code === QUOTE) {
      const end = endOf(text, at);
      const keys = open.at(-1);
      if (keys && isKey(text, end + 1)) {
        const key = text.slice(at + 1, end);
        const first = keys.get(key);
        if (first !== undefined) found.push({ key, first, second: at });
        keys.set(key, at);
      }
      at = end;
    }
  }
  return found;
}

function endOf(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

function isKey(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === COLON;
}

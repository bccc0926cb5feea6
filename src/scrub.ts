const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const LONGEST = 256;

/**
 * Text from outside (names, labels, another program's words) made fit for a terminal, a log or a comment: control and
 * formatting characters become `?`, so that nothing moves the cursor or turns the reading direction; at most 256 characters.
 */
export function scrub(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return short.replace(INVISIBLE, '?');
}

/** The text without the characters that would make it longer than so many bytes of UTF-8. */
export function clipped(text: string, bytes: number): string {
  let left = bytes;
  let end = 0;
  for (const character of text) {
    left -= utf8Length(character.codePointAt(0) ?? 0);
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Half of a surrogate pair is written as the replacement character, which has three bytes. */
const utf8Length = (point: number): number => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4);

/** The same for words of several lines, each scrubbed for itself; at most 20 lines. */
export function scrubLines(text: string): string {
  return text.trim().split('\n', 20).map(scrub).join('\n');
}

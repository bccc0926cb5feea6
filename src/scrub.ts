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

/** The same for words of several lines, each scrubbed for itself; at most 20 lines. */
export function scrubLines(text: string): string {
  return text.trim().split('\n', 20).map(scrub).join('\n');
}

const COLUMNS = 100;

/** A paragraph of a page, wrapped at 100 columns between words. One string a line. */
export function paragraph(...sentences: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const word of sentences.join(' ').split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

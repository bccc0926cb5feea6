/** A word of an iptables rule. Quoted words are never options, whatever they begin with. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** Splits a rule as iptables-save writes it: words, and texts in double quotes with `\` before a quote or a backslash (xtables_save_string). */
export function splitWords(rule: string): readonly Word[] {
  const words: Word[] = [];
  for (const [, quoted, plain] of rule.matchAll(/"((?:[^"\\]|\\.)*)"?|([^\s"]\S*)/g)) {
    if (quoted !== undefined) words.push({ text: quoted.replaceAll(/\\(.)/g, '$1'), quoted: true });
    else if (plain !== undefined) words.push({ text: plain, quoted: false });
  }
  return words;
}

/** `--dport 80`, with `!` before the option or, as old versions wrote it, before its first value. */
export interface Option {
  readonly name: string;
  readonly is: boolean;
  readonly values: readonly string[];
}

/** The options of one match (`-m mark`), of the target, or those of every rule (`-s`, `-o`). `text` is how the rule says them. */
export interface Part {
  readonly kind: 'basic' | 'match' | 'target' | 'goto';
  readonly name: string;
  readonly options: readonly Option[];
  readonly text: string;
}

const LONG: Readonly<Record<string, string>> = {
  '--source': '-s',
  '--src': '-s',
  '--destination': '-d',
  '--dst': '-d',
  '--in-interface': '-i',
  '--out-interface': '-o',
  '--protocol': '-p',
  '--proto': '-p',
  '--fragment': '-f',
  '--match': '-m',
  '--jump': '-j',
  '--goto': '-g',
};
const BASIC = new Set(['-s', '-d', '-i', '-o', '-p', '-f', '-4', '-6']);
const OPENS: Readonly<Record<string, 'match' | 'target' | 'goto'>> = { '-m': 'match', '-j': 'target', '-g': 'goto' };

/** The parts of a rule in its order. A match that a protocol brings by itself (`-p tcp --dport 80`) bears the protocol's name. */
export function ruleParts(words: readonly Word[]): readonly Part[] {
  const parts: Part[] = [];
  let open: Part | undefined;
  let protocol = '';
  for (const { option: told, text } of options(words)) {
    // The match has an option of its own that is spelled like a short form of --protocol.
    const isOwn = open?.name === 'policy' && told.name === '--proto';
    const option = isOwn ? told : { ...told, name: LONG[told.name] ?? told.name };
    const opens = OPENS[option.name];
    if (opens) {
      open = { kind: opens, name: option.values.join(' '), options: [], text };
      parts.push(open);
    } else if (BASIC.has(option.name)) {
      if (option.name === '-p') protocol = option.values[0] ?? '';
      parts.push({ kind: 'basic', name: option.name, options: [option], text });
    } else {
      const extended: Part = open
        ? { ...open, options: [...open.options, option], text: `${open.text} ${text}` }
        : { kind: 'match', name: protocol, options: [option], text };
      if (open) parts[parts.lastIndexOf(open)] = extended;
      else parts.push(extended);
      open = extended;
    }
  }
  return parts;
}

function options(words: readonly Word[]): readonly { readonly option: Option; readonly text: string }[] {
  const found: { option: Option; text: string }[] = [];
  let at = 0;
  while (at < words.length) {
    const start = at;
    let is = true;
    if (isBang(words[at])) {
      is = false;
      at += 1;
    }
    const name = words[at]?.text ?? '';
    at += 1;
    if (isBang(words[at]) && isValue(words[at + 1])) {
      is = !is;
      at += 1;
    }
    const values: string[] = [];
    while (isValue(words[at])) {
      values.push(words[at]?.text ?? '');
      at += 1;
    }
    found.push({ option: { name, is, values }, text: textOf(words.slice(start, at)) });
  }
  return found;
}

const isBang = (word: Word | undefined): boolean => word !== undefined && !word.quoted && word.text === '!';
const isValue = (word: Word | undefined): boolean =>
  word !== undefined && (word.quoted || (word.text !== '!' && !word.text.startsWith('-')));

const textOf = (words: readonly Word[]): string =>
  words.map(({ text, quoted }) => (quoted ? JSON.stringify(text) : text)).join(' ');

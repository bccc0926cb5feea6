import { dirname, join } from 'node:path/posix';

/** Texts of declaration files by their paths. */
export type Declarations = ReadonlyMap<string, string>;

/** The declarations that the entries reach, with paths as an installed package has them (`.js`). */
export function published(all: Declarations, entries: readonly string[]): Declarations {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    const text = all.get(path);
    if (text === undefined || found.has(path)) return;
    found.set(path, text.replaceAll(/(['"])(\.[^'"]+)\.ts\1/g, '$1$2.js$1'));
    for (const [, , to = ''] of text.matchAll(/(?:from|import\()\s*(['"])(\.[^'"]+)\.ts\1/g))
      visit(join(dirname(path), `${to}.d.ts`));
  };
  for (const entry of entries) visit(entry);
  return found;
}

interface Exported {
  readonly name: string;
  /** What stands before it, without the marks of a comment. */
  readonly comment: string;
  /** The declaration, or its head where it is long. */
  readonly text: string;
}

/** What a module of re-exports gives, each with the comment and declaration of its origin. */
export function exportsOf(all: Declarations, entry: string): readonly Exported[] {
  const text = all.get(entry) ?? '';
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from ['"](\.[^'"]+)\.ts['"];/gm)].flatMap(
    ([, names = '', from = '']) =>
      names.split(',').map((name) => ({
        name: name.replace(/^\s*type\s/, '').trim(),
        file: join(dirname(entry), `${from}.d.ts`),
      })),
  );
  const own = [...text.matchAll(/^export declare (?:function|const) (\w+)/gm)].map(([, name = '']) => ({
    name,
    file: entry,
  }));
  return [...named, ...own]
    .filter(({ name }) => name !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, file }) => ({ name, ...declarationOf(all.get(file) ?? '', name) }));
}

/** A declaration ends with its first line, or with the first one after it that is not indented and closes it. */
function declarationOf(text: string, name: string): { comment: string; text: string } {
  const lines = text.split('\n');
  const begins = new RegExp(`^export (?:declare )?(?:function|const|interface|type|class) ${name}\\b`);
  const first = lines.findIndex((line) => begins.test(line));
  if (first < 0) return { comment: '', text: '' };
  const ends = (line: string, at: number): boolean => at >= first && /^\S.*(?:;|^\}|^.*[^{]\})$|^\}$/.test(line);
  const last = lines.findIndex(ends);
  const start = lines.slice(0, first).findLastIndex((line) => line.startsWith('/**'));
  const comment = lines[first - 1]?.endsWith('*/') ? lines.slice(start, first).join('\n') : '';
  return {
    comment: words(comment),
    text: lines
      .slice(first, last + 1)
      .join('\n')
      .replace(/^export (?:declare )?/, ''),
  };
}

const words = (comment: string): string =>
  comment
    .replace(/^\/\*\*|\*\/$/gm, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .filter(Boolean)
    .join(' ')
    .replace(/\s*\*\/$/, '');

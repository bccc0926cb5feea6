import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments } from 'yaml';
import type { SourcePlace } from '../model.ts';
import { type Documents, doubled } from './doubled-key.ts';
import type { Element } from './element.ts';
import { aclFileError, shown } from './problem.ts';
import { tooMuchFor } from './yaml-depth.ts';

/** CloudFormation takes templates up to 1 MB ("CloudFormation quotas", AWS CloudFormation User Guide); listings are longer. */
const LONGEST = 4 * 1024 * 1024;
const MOST_DOCUMENTS = 1000;
const MOST_WARNINGS = 20;
const SYNTAX = 'check the file with the program that it is for';

/** The documents of a YAML text as plain data, short intrinsic tags (`!Ref x`) as their long form (`{ Ref: x }`). Throws ACL_FILE. */
export function readYamlDocuments({ name, text }: { name: string; text: string }): Documents {
  const whole: SourcePlace = { file: name, path: '' };
  if (text.length > LONGEST)
    throw aclFileError(whole, 'YAML of more than 4 MB', 'write it as JSON, or as several files');
  const lines = new LineCounter();
  const at = (offset: number): SourcePlace => {
    const { line, col } = lines.linePos(offset);
    return { file: `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`, path: '' };
  };
  const tooMuch = tooMuchFor(text);
  if (tooMuch !== undefined) throw aclFileError(whole, tooMuch, SYNTAX);
  const parsed = parseAllDocuments(text, {
    ...{ lineCounter: lines, prettyErrors: false, uniqueKeys: false },
    // CloudFormation reads YAML 1.1, so that a bare `yes` is true ("Template formats", AWS CloudFormation User Guide).
    version: '1.1',
  });
  const documents = 'empty' in parsed ? [] : parsed;
  if (documents.length > MOST_DOCUMENTS)
    throw aclFileError(whole, `more than ${MOST_DOCUMENTS} YAML documents in one file`, SYNTAX);
  const warnings: string[] = [];
  const read = documents.map((document, i): Element => {
    const [first] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
    if (first) throw aclFileError(at(first.pos[0]), `YAML can't be read here: ${sentence(first.message)}`, SYNTAX);
    const place = documents.length === 1 ? whole : { file: name, path: `document ${i + 1}` };
    return { value: dataOf(document.contents, { at, warnings }), place };
  });
  return { documents: read.filter(({ value }) => value !== null), warnings };
}

/** A YAML text of one document. Throws ACL_FILE. */
export function readYaml(file: { name: string; text: string }): Element {
  const [only, second] = readYamlDocuments(file).documents;
  if (second) throw aclFileError(second.place, 'a second YAML document', 'write one document alone');
  return only ?? { value: null, place: { file: file.name, path: '' } };
}

function dataOf(node: unknown, { at, warnings }: { at: (offset: number) => SourcePlace; warnings: string[] }): unknown {
  const read = (one: unknown): unknown => {
    if (isAlias(one)) {
      const message = `an alias (*${shown(one.source)}), which CloudFormation does not take`;
      throw aclFileError(at(startOf(one)), message, 'write the value out');
    }
    if (isMap(one)) return tagged(one, mapOf(one.items));
    if (isSeq(one)) return tagged(one, one.items.map(read));
    return isScalar(one) ? tagged(one, one.value instanceof Date ? (one.source ?? '') : one.value) : null;
  };
  const mapOf = (pairs: readonly Pair[]): Readonly<Record<string, unknown>> => {
    const map = new Map<string, unknown>();
    const places = new Map<string, number>();
    for (const { key, value } of pairs) {
      if (!isScalar(key)) throw aclFileError(at(startOf(key)), 'a key that is not a plain text', 'write "key: value"');
      const name = key.source ?? String(key.value);
      const before = places.get(name);
      if (before !== undefined && warnings.length < MOST_WARNINGS)
        warnings.push(doubled(name, at(before).file, at(startOf(key)).file));
      places.set(name, startOf(key));
      map.set(name, read(value));
    }
    return Object.fromEntries(map);
  };
  return read(node);
}

/** The long form of a short intrinsic: `!GetAtt a.b` is `{ "Fn::GetAtt": ["a", "b"] }`. */
function tagged(node: { tag?: string | undefined }, value: unknown): unknown {
  const { tag } = node;
  if (tag === undefined || !/^![A-Za-z]/.test(tag)) return value;
  const name = tag.slice(1);
  if (name === 'GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': splitAtDot(value) };
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: value };
}

function splitAtDot(text: string): readonly string[] {
  const dot = text.indexOf('.');
  return dot === -1 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

function sentence(message: string): string {
  return message.split('\n')[0] ?? '';
}

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { Place } from '../model.ts';
import type { Element } from './element.ts';
import { aclFileError, shown } from './problem.ts';
import { tooMuchFor } from './yaml-depth.ts';

/** CloudFormation takes templates up to 1 MB ("CloudFormation quotas", AWS CloudFormation User Guide). */
const LONGEST = 1024 * 1024;
const SPLIT = 'write one file for each';
const SYNTAX = 'check the file with the program that it is for';

/** A YAML text as plain data, short intrinsic tags (`!Ref x`) as their long form (`{ Ref: x }`). Throws ACL_FILE. */
export function readYaml({ name, text }: { name: string; text: string }): Element {
  const whole: Place = { file: name, path: '' };
  if (text.length > LONGEST)
    throw aclFileError(whole, 'YAML of more than 1 MB, which is more than a template may be', SPLIT);
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`, path: '' };
  };
  const tooMuch = tooMuchFor(text);
  if (tooMuch !== undefined) throw aclFileError(whole, tooMuch, SYNTAX);
  const document = parse(text, lines);
  const first = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (first) throw aclFileError(at(first.pos[0]), `YAML can't be read here: ${sentence(first.message)}`, SYNTAX);
  return { value: dataOf(document.contents, at), place: whole };
}

/** CloudFormation reads YAML 1.1, so that a bare `yes` is true ("Template formats", AWS CloudFormation User Guide). */
function parse(text: string, lineCounter: LineCounter): Document.Parsed {
  return parseDocument(text, { lineCounter, prettyErrors: false, version: '1.1', uniqueKeys: false });
}

function dataOf(node: unknown, at: (offset: number) => Place): unknown {
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
    for (const { key, value } of pairs) {
      if (!isScalar(key)) throw aclFileError(at(startOf(key)), 'a key that is not a plain text', 'write "key: value"');
      const name = key.source ?? String(key.value);
      if (map.has(name)) throw aclFileError(at(startOf(key)), `the key ${shown(name)} stands here twice`, 'keep one');
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

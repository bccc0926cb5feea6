import { type MemberNode, type ObjectNode, parse, tokenize, type ValueNode } from '@humanwhocodes/momoa';
import { PortfenceError } from '../../errors.ts';
import { scrub } from '../../scrub.ts';

const LARGEST = 1024 * 1024;
const LOWEST_PRINTABLE = 0x20;

/** A piece of a text by offsets, the end exclusive. */
export interface TextSpan {
  readonly from: number;
  readonly to: number;
}

/** One member of a JSON object and its places in the text; `whole` covers key, colon and value. */
export interface Member {
  readonly name: string;
  readonly whole: TextSpan;
  readonly key: TextSpan;
  readonly value: TextSpan;
  readonly node: ValueNode;
}

/** The top level of a JSON object, with the place of each member in the text. */
export interface JsonObject {
  readonly text: string;
  readonly whole: TextSpan;
  readonly members: readonly Member[];
}

/**
 * Reads strict JSON (RFC 8259) that has to be an object. Throws DAEMON_JSON with file, line and column, and for a key that stands
 * there twice, since readers differ in which of the two they take.
 */
export function readObject(text: string, file: string): JsonObject {
  if (text.length > LARGEST)
    throw new PortfenceError('DAEMON_JSON', `${file} is larger than ${LARGEST} characters`, {
      hint: 'is it the right file?',
    });
  const { body } = parsed(text, file);
  if (body.type !== 'Object') throw notStrict(file, body.loc.start, `it holds ${kindOf(body)} instead of an object`);
  const members = body.members.map((member) => memberOf(member, file));
  for (const [i, member] of members.entries()) {
    const earlier = members.findIndex(({ name }) => name === member.name);
    const at = body.members[i]?.loc.start;
    if (earlier !== i && at) throw notStrict(file, at, `the key "${scrub(member.name)}" stands there twice`);
  }
  return { text, whole: spanOf(body), members };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

function parsed(text: string, file: string): ReturnType<typeof parse> {
  let document: ReturnType<typeof parse>;
  try {
    document = parse(text, { mode: 'json', ranges: true });
  } catch (error) {
    if (error instanceof RangeError) throw new PortfenceError('DAEMON_JSON', `${file} is nested too deeply`);
    if (!isPositioned(error)) throw error;
    throw notStrict(file, error, error.message.replace(/ found\. \(\d+:\d+\)$/, ''));
  }
  // The parser takes raw control characters in strings, which JSON forbids.
  for (const token of tokenize(text, { mode: 'json', ranges: true })) {
    if (token.type !== 'String') continue;
    const { start } = token.loc;
    const raw = text.slice(start.offset, token.loc.end.offset);
    const at = [...raw].findIndex((letter) => letter.charCodeAt(0) < LOWEST_PRINTABLE);
    if (at >= 0)
      throw notStrict(file, { line: start.line, column: start.column + at }, 'a control character in a string');
  }
  return document;
}

const isPositioned = (error: unknown): error is Error & Position =>
  error instanceof Error && 'line' in error && typeof error.line === 'number' && 'column' in error;

function notStrict(file: string, { line, column }: Position, what: string): PortfenceError {
  const words = what.charAt(0).toLowerCase() + what.slice(1);
  return new PortfenceError('DAEMON_JSON', `${file}:${line}:${column}: no strict JSON: ${scrub(words)}`, {
    hint: 'Docker takes strict JSON alone: double quotes, no comments, no comma behind the last element. Nothing was written',
  });
}

function memberOf(member: MemberNode, file: string): Member {
  const { name, value } = member;
  if (name.type !== 'String') throw notStrict(file, member.loc.start, 'a key without quotes');
  return { name: name.value, whole: spanOf(member), key: spanOf(name), value: spanOf(value), node: value };
}

const spanOf = ({ loc }: Pick<ObjectNode, 'loc'>): TextSpan => ({ from: loc.start.offset, to: loc.end.offset });

const kindOf = ({ type }: ValueNode): string => (type === 'Array' ? 'an array' : `a ${type.toLowerCase()}`);

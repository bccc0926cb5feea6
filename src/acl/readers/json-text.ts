import type { SourcePlace } from '../model.ts';
import type { Element } from './element.ts';
import { aclFileError, shown } from './problem.ts';

const DEEPEST = 256;
const MOST_DOCUMENTS = 10_000;

/** The documents of a JSON text: one, or many written one after the other (pages). Throws ACL_FILE. */
export function readJsonDocuments({ name, text }: { name: string; text: string }): readonly Element[] {
  const segments = splitDocuments(name, text);
  return segments.map(({ from, to }, i) => ({
    value: parse(name, text, from, to),
    place: { file: name, path: segments.length === 1 ? '' : `document ${i + 1}` },
  }));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Finds where documents end by their brackets, in one pass; what depth and number hold the parser's memory down. */
function splitDocuments(name: string, text: string): readonly { from: number; to: number }[] {
  const segments: { from: number; to: number }[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE && depth > 0) at = endOfString(text, at);
    else if (OPEN.has(code)) {
      if (depth === 0) from = at;
      depth += 1;
      if (depth > DEEPEST)
        throw aclFileError(placeAt(name, text, at), 'nested too deeply for a document of ACLs', TOOL);
    } else if (CLOSE.has(code)) {
      depth -= 1;
      if (depth < 0) throw aclFileError(placeAt(name, text, at), 'a bracket closes that was never opened', WHOLE);
      if (depth > 0) continue;
      segments.push({ from, to: at + 1 });
      if (segments.length > MOST_DOCUMENTS)
        throw aclFileError({ file: name, path: '' }, `more than ${MOST_DOCUMENTS} JSON documents in one file`, TOOL);
    } else if (depth === 0 && !SPACE.has(code)) {
      const rest = text.slice(at, at + 20);
      throw aclFileError(placeAt(name, text, at), `${shown(rest)} stands between JSON documents`, WHOLE);
    }
  }
  if (depth > 0) throw aclFileError(placeAt(name, text, text.length), 'the JSON ends in the middle', WHOLE);
  return segments;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

function parse(name: string, text: string, from: number, to: number): unknown {
  const whole = from === 0 && to === text.length;
  try {
    return JSON.parse(whole ? text : text.slice(from, to));
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : '';
    const position = /position (\d+)/.exec(words)?.[1];
    const at = position === undefined ? from : from + Number(position);
    throw aclFileError(placeAt(name, text, at), 'this is not JSON', WHOLE);
  }
}

/** A place in a text as line and column, both from 1. */
export function placeAt(file: string, text: string, offset: number): SourcePlace {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { file: `${file}:${line}:${offset - before.lastIndexOf('\n')}`, path: '' };
}

const TOOL = 'check that this is the output of aws, terraform show -json, or a CloudFormation template';
const WHOLE = 'write the file anew; it may have been cut off, or hold other words than the JSON';

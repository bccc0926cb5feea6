import { isScalar, LineCounter, parseDocument } from 'yaml';
import type { Data } from '../data.ts';
import { error, type Finding } from '../finding.ts';
import { isTooDeep, isTooLong } from './depth.ts';
import { PositionIndex } from './positions.ts';
import { syntaxFault } from './syntax.ts';
import { readTree } from './tree.ts';

/** A line and a column, counted from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** A policy's text as data that knows where each value stands. `data` is undefined where the text is no usable YAML. */
export interface PolicyDocument {
  readonly data: Data | undefined;
  readonly findings: readonly Finding[];
  /** The position of the value at the path, of its key, or of the nearest enclosing value. */
  positionOf(finding: Finding): Position;
}

const START: Position = { line: 1, column: 1 };
const WRITE = 'write at least "ports: 49152-61000"';

/** Reads YAML 1.2 with the core schema. Throws nothing: what is wrong stands in `findings`. */
export function readDocument(source: string): PolicyDocument {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
  if (isTooLong(text)) return unreadable('longer than 32,768 characters, too much for a policy', 'check the file name');
  if (isTooDeep(text))
    return unreadable('nested too deeply for a policy', 'write lists and mappings as in the example');
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, schema: 'core' });
  const first = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (first) {
    const { message, remedy } = syntaxFault(first);
    return unreadable(message, remedy, at(first.pos[0]));
  }
  if (isEmpty(document.contents)) return unreadable('the policy is empty', WRITE);
  const index = new PositionIndex();
  const { data, findings, usable } = readTree(document.contents, index);
  return {
    data: usable ? data : undefined,
    findings,
    positionOf: ({ path, atKey, offset }) => at(offset ?? index.offsetOf(path, atKey === true)),
  };
}

function isEmpty(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function unreadable(message: string, remedy?: string, position = START): PolicyDocument {
  return { data: undefined, findings: [error([], message, remedy)], positionOf: () => position };
}

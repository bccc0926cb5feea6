import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from 'yaml';
import { nearest } from '../policy/nearest.ts';
import { isTooDeep } from '../policy/yaml/depth.ts';
import { scrub } from '../scrub.ts';
import type { Entries, Entry, Mistake } from './entry.ts';

const SHAPE = 'write hosts: { web-1: http://10.0.1.10:9469 }';
const KEYS = ['name', 'address', 'subnet'];

/** Reads `hosts`: a mapping of names to addresses, or a list of addresses; either may have mappings with `address` and `subnet`. */
export function yamlEntries(text: string): Entries {
  if (isTooDeep(text)) return { entries: [], mistakes: [{ line: 1, fault: 'it is nested too deeply', remedy: SHAPE }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core' });
  const lineOf = (node: unknown): number => Math.max(1, lines.linePos(offsetOf(node)).line);
  const [error] = document.errors;
  if (error) {
    const line = Math.max(1, lines.linePos(error.pos[0]).line);
    return { entries: [], mistakes: [{ line, fault: `it is no YAML: ${scrub(error.message)}`, remedy: SHAPE }] };
  }
  const hosts = isMap(document.contents) ? document.contents.get('hosts', true) : undefined;
  const strange = isMap(document.contents) ? document.contents.items.filter(({ key }) => word(key) !== 'hosts') : [];
  const mistakes = strange.map(({ key }) => ({
    ...{ line: lineOf(key), fault: `the key "${scrub(word(key) ?? '?')}" is not known`, remedy: SHAPE },
  }));
  const read = isMap(hosts)
    ? hosts.items.map((pair) => named(pair, lineOf))
    : isSeq(hosts)
      ? hosts.items.map((item) => entryOf(item, { line: lineOf(item), lineOf }))
      : [{ line: lineOf(hosts), fault: 'hosts is neither a mapping nor a list', remedy: SHAPE }];
  return {
    entries: read.filter((one) => 'address' in one),
    mistakes: [...mistakes, ...read.filter((one) => 'fault' in one)],
  };
}

type LineOf = (node: unknown) => number;

function named({ key, value }: Pair, lineOf: LineOf): Entry | Mistake {
  const line = lineOf(key);
  const name = word(key);
  if (name === undefined) return { line, fault: 'a name of a host is no text', remedy: SHAPE };
  const entry = entryOf(value, { line, lineOf });
  return 'address' in entry ? { ...entry, name } : entry;
}

function entryOf(node: unknown, { line, lineOf }: { readonly line: number; readonly lineOf: LineOf }): Entry | Mistake {
  const address = word(node);
  if (address !== undefined) return { line, address };
  if (!isMap(node)) return { line, fault: 'a host has no address', remedy: SHAPE };
  const strange = node.items.map(({ key }) => key).find((key) => !KEYS.includes(word(key) ?? ''));
  if (strange !== undefined) {
    const close = nearest(word(strange) ?? '', KEYS);
    const remedy = close === undefined ? `the keys are ${KEYS.join(', ')}` : `did you mean ${close}?`;
    return { line: lineOf(strange), fault: `the key "${scrub(word(strange) ?? '?')}" is not known`, remedy };
  }
  const [name, told, subnet] = KEYS.map((key) => word(node.get(key, true)));
  if (told === undefined)
    return { line, fault: 'a host has no address', remedy: 'write address: http://10.0.1.10:9469' };
  return { line, name, address: told, subnet };
}

/** A scalar as it is written, with something in it. */
function word(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null || node.value === '') return undefined;
  return node.source ?? String(node.value);
}

/** Where a node begins. */
function offsetOf(node: unknown): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0;
}

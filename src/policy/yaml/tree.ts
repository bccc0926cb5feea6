import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import type { Data } from '../data.ts';
import { error, type Finding } from '../finding.ts';
import { displayed, type PolicyPath } from '../problem.ts';
import type { PositionIndex } from './positions.ts';

const PLAIN_NUMBER = /^(?:0|[1-9]\d{0,14})$/;

/** YAML nodes as data, positions noted on the way. Not usable where the text uses what policies do without: tags, aliases, collections as keys. */
export function readTree(root: unknown, index: PositionIndex): { data: Data; findings: Finding[]; usable: boolean } {
  const findings: Finding[] = [];
  let usable = true;
  const refuse = (finding: Finding): null => {
    findings.push(finding);
    usable = false;
    return null;
  };

  const read = (node: unknown, path: PolicyPath, fallback: number): Data => {
    const offset = startOf(node) ?? fallback;
    index.addValue(path, offset);
    if (isAlias(node))
      return refuse(
        error(path, `an alias (*${displayed(node.source)}), which policies do without`, 'write the value out'),
      );
    if (hasTag(node))
      return refuse(
        error(
          path,
          `a tag (${displayed(node.tag.replace('tag:yaml.org,2002:', '!!'))}), which policies do without`,
          'remove it',
        ),
      );
    if (isMap(node)) return readMap(node.items, path, offset);
    if (isSeq(node)) return node.items.map((item, i) => read(item, [...path, i], offset));
    return isScalar(node) ? scalarData(node) : null;
  };

  const readMap = (pairs: readonly Pair[], path: PolicyPath, fallback: number): Data => {
    const map = new Map<string, Data>();
    for (const { key, value } of pairs) {
      const offset = startOf(key) ?? fallback;
      if (!isScalar(key) || hasTag(key)) {
        refuse({ ...error(path, 'a key that is not a plain text', 'write "key: value"'), offset });
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
      const here = [...path, name];
      if (map.has(name)) {
        findings.push({ ...error(here, 'stands here a second time', 'keep one of the two'), offset });
        continue;
      }
      index.addKey(here, offset);
      map.set(name, read(value, here, offset));
    }
    return Object.fromEntries(map);
  };

  const data = read(root, [], 0);
  return { data, findings, usable };
}

function scalarData({ value, source }: Scalar): Data {
  if (typeof value === 'number') {
    const text = source ?? String(value);
    return PLAIN_NUMBER.test(text) ? value : text;
  }
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

function hasTag(node: unknown): node is Node & { tag: string } {
  return (isMap(node) || isSeq(node) || isScalar(node)) && typeof node.tag === 'string';
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
